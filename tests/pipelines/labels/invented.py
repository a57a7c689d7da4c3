"""An invented EmpatheticDialogues whose ratings depend on known cues, and what the labelling functions learn from."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from accelerate.state import AcceleratorState

from pipelines.data.empathetic_intents import INTENTS
from pipelines.data.empatheticdialogues_files import COLUMNS
from pipelines.data.goemotions import GOEMOTIONS_LABELS
from pipelines.evaluation.human_agreement import HumanAgreement
from pipelines.labels import build, choice, embeddings
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions import FUNCTIONS, emotions, epitome, intents, ratings

DIALOGUES = {"train": 200, "valid": 40, "test": 10}
SHEETS = {"1_1": -1.0, "1_2": 0.0, "2_1": 1.0}  # latent level of each
APOLOGY, QUESTION = 3.0, -1.5  # latent weight of the share of a dialogue's listener turns that hold the cue
RESERVED = ("hit:3_conv:3", "hit:7_conv:7")
WORDS = tuple("the cat won a race today and she cried at home with all of her old friends in the morning rain".split())  # noqa: SIM905
THRESHOLDS = (-1.5, 0.0, 1.5, 3.0)  # latent thresholds between the ratings 1 to 5


def _listener(rng: np.random.Generator) -> str:
    parts = [" ".join(rng.choice(WORDS, rng.integers(2, 9))) + "."]
    if rng.random() < 0.5:
        parts.insert(0, "So sorry to hear it.")
    if rng.random() < 0.4:
        parts.append("What came after?")
    return " ".join(parts)


def write_corpus(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """Write the three CSVs; conv_id -> (split, texts of the listener)."""
    rng = np.random.default_rng(3)
    folder.mkdir(parents=True)
    said: dict[str, tuple[str, list[str]]] = {}
    number = 0
    for split, count in DIALOGUES.items():
        lines = [",".join(COLUMNS)]
        for _ in range(count):
            number += 1
            conv_id = f"hit:{number}_conv:{number}"
            emotion = ("sad", "joyful", "afraid")[number % 3]
            selfeval = "5|5|5_4|3|5" if number % 2 else ""
            texts = []
            for turn in range(1, 2 * int(rng.integers(1, 4)) + 1):
                text = _listener(rng) if turn % 2 == 0 else " ".join(rng.choice(WORDS, 6)) + "!"
                if turn % 2 == 0:
                    texts.append(text)
                lines.append(f"{conv_id},{turn},{emotion},Situation {number}.,{turn % 2},{text},{selfeval},")
            said[conv_id] = (split, texts)
        (folder / f"{split}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return said


def write_ratings(file: Path, said: dict[str, tuple[str, list[str]]]) -> None:
    """One rating a dialogue of train and valid, by one of three sheets; every tenth dialogue has none."""
    rng = np.random.default_rng(4)
    lines = ["conv_id,rating,batch,split"]
    for place, (conv_id, (split, texts)) in enumerate(said.items()):
        sheet = list(SHEETS)[place % len(SHEETS)]
        latent = sum(APOLOGY * ("sorry" in text) + QUESTION * ("?" in text) for text in texts) / len(texts)
        rating = 1 + int(np.searchsorted(THRESHOLDS, latent + SHEETS[sheet] + rng.logistic()))
        if split != "test" and place % 10:
            lines.append(f"{conv_id},{rating},{sheet},{split}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def change_rating(file: Path, conv_id: str) -> None:
    """Turn the rating of a dialogue round: 1 becomes 5, all others 1."""
    lines = file.read_text(encoding="utf-8").splitlines()
    (place,) = [index for index, line in enumerate(lines) if line.startswith(conv_id + ",")]
    name, rating, sheet, split = lines[place].split(",")
    lines[place] = f"{name},{5 if rating == '1' else 1},{sheet},{split}"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def rated_ids(file: Path, split: str) -> list[str]:
    """The dialogues of a split that the file rates, in its order."""
    rows = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines()[1:]]
    return [row[0] for row in rows if row[3] == split]


def write_epitome(folder: Path, pairs: int = 24) -> None:
    """Three CSVs with the same pairs; the levels of each mechanism differ."""
    folder.mkdir(parents=True)
    for place, name in enumerate(epitome_files()):
        lines = ["sp_id,rp_id,seeker_post,response_post,level,rationales"]
        for number in range(pairs):
            lines.append(f'sp{number},rp{number},"I lost, my {number} cats",So sorry for you,{(number + place) % 3},')
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def epitome_files() -> tuple[str, str, str]:
    """The files' names, in the order er, ip, ex."""
    return ("emotional-reactions-reddit.csv", "interpretations-reddit.csv", "explorations-reddit.csv")


def intent_lines(order: tuple[str, ...] = INTENTS) -> list[str]:
    """Two texts for each intent and a speaker's; `order` says which intent has the id 32, 33, ..."""
    texts = {"sympathizing": "I am sorry to hear that", "questioning": "What came after?"}
    listeners = [f"{32 + id_} <SEP> {texts.get(name, 'So it is')}" for id_, name in enumerate(order) for _ in range(2)]
    return ["11 <SEP> Sorry? I won a race", *listeners]


def write_intents(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "train.txt").write_text("\n".join(intent_lines()), encoding="utf-8")


def write_goemotions(folder: Path) -> None:
    folder.mkdir(parents=True)
    train = [f"{WORDS[place % len(WORDS)]} today\t{place % 28}\tg{place}" for place in range(56)]
    (folder / "train.tsv").write_text("\n".join(train) + "\n", encoding="utf-8")
    for name in ("dev.tsv", "test.tsv"):
        (folder / name).write_text(f"Hm.\t27\t{name}\n", encoding="utf-8")
    (folder / "emotions.txt").write_text("\n".join(GOEMOTIONS_LABELS), encoding="utf-8")


def label_settings(folder: Path, encoder: str, **changes: Any) -> LabelSettings:
    """Settings over all functions, with their material in `folder`, written where it is not there yet."""
    if not (folder / "corpus").exists():
        write_ratings(folder / "ratings.csv", write_corpus(folder / "corpus"))
        write_epitome(folder / "epitome")
        write_intents(folder / "intents")
        write_goemotions(folder / "goemotions")
        reserved = {"empatheticdialogues": list(RESERVED), "epitome": ["sp1_rp1"]}
        (folder / "reserved.json").write_text(json.dumps(reserved), encoding="utf-8")
    values: dict[str, Any] = {
        "name": "invented",
        "path": str(folder / "corpus"),
        "functions": list(FUNCTIONS),
        "encoder": encoder,
        "epitome_path": str(folder / "epitome"),
        "intents_path": str(folder / "intents"),
        "goemotions_path": str(folder / "goemotions"),
        "human_ratings_path": str(folder / "ratings.csv"),
        "exclude_ids": str(folder / "reserved.json"),
        "output_dir": str(folder / "labels"),
        "cache_dir": str(folder / "cache"),
    }
    return LabelSettings(**values | changes)


@contextmanager
def quick() -> Iterator[pytest.MonkeyPatch]:
    """Short trainings that fit a tiny encoder, few bootstrap resamples, and an accelerator of their own precision."""
    AcceleratorState._reset_state(reset_partial_state=True)
    with pytest.MonkeyPatch.context() as patch:
        for module in (emotions, epitome, intents, ratings):
            patch.setattr(module, "RECIPE", replace(module.RECIPE, epochs=1, length=64, learning_rate=1e-3))
        patch.setattr(embeddings, "LENGTH", 64)
        patch.setattr(build, "HumanAgreement", partial(HumanAgreement, resamples=20))
        patch.setattr(choice, "RESAMPLES", 20)
        yield patch
    AcceleratorState._reset_state(reset_partial_state=True)
