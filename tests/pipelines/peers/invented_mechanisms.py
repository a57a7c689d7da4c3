"""Invented posts with levels and rationales of EPITOME's mechanisms, and configs over them."""

import csv
from pathlib import Path
from typing import Any

import yaml

from pipelines.data.epitome import COLUMNS, FILES

# Of each mechanism and level a sentence that shows it; a level of 0 has none.
CUES = {
    "er": ("", "Oh no.", "I am so sorry for you!"),
    "ip": ("", "I see.", "I felt like that when my cat died."),
    "ex": ("", "Why?", "What came after the race?"),
}
OPENINGS = ("My cat died", "I cannot sleep", "They towed my van", "Nobody came", "I lost my race", "It rained")
OTHERS = ("Buy a lamp.", "Then drink tea.", "The car is at home.", "It is only a party.")


def posts() -> list[dict[str, Any]]:
    """60 pairs, two answers to each post: sp_id, rp_id, seeker_post, and of each mechanism level and cue."""
    rows = []
    for number in range(60):
        levels = {mechanism: (number + place) % 3 for place, mechanism in enumerate(CUES)}
        found = [CUES[mechanism][level] for mechanism, level in levels.items() if level]
        response = " ".join([*found, OTHERS[number % 4], OTHERS[number // 4 % 4]])
        rows.append(
            {
                "sp_id": f"s{number // 2}",
                "rp_id": f"r{number}",
                "seeker_post": f"{OPENINGS[number // 2 % 6]} on day {number // 2}.",
                "response_post": response,
                "levels": levels,
            }
        )
    return rows


def write_mechanisms(folder: Path) -> str:
    """The three CSVs in the corpus' own format."""
    folder.mkdir(parents=True, exist_ok=True)
    for mechanism, name in FILES.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow([*COLUMNS, "rationales"])
            for post in posts():
                level = post["levels"][mechanism]
                cue = f"{CUES[mechanism][level]}|" if level else ""
                writer.writerow([*(post[column] for column in COLUMNS[:4]), level, cue])
    return str(folder)


def write_config(folder: Path, peer: str, encoder: str, corpus: str, **changes: Any) -> str:
    """Config of a peer on the corpus, with top-level sections changed; runs go to <folder>/runs/tiny."""
    stage = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3, "head_learning_rate": 1e-3}
    config: dict[str, Any] = {
        "peer": peer,
        "name": "tiny",
        "seeds": [17],
        "data": {"path": corpus, "shares": [0.6, 0.2, 0.2]},
        "encoder": {"name_or_path": encoder, "pooling": "mean", "view_length": 48},
        "output_dir": str(folder / "runs"),
    }
    objective = {"epitome": "multitask", "text_pairs": "rating"}.get(peer)
    if objective is not None:
        config["stages"] = [stage | {"objective": objective}]
    for name, section in changes.items():
        config[name] = config.get(name, {}) | section if isinstance(section, dict) else section
    file = folder / f"{peer}.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return str(file)
