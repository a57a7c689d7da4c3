"""Invented sentences with a direction of empathy, a labels folder with an intent rater, and configs over both."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from pipelines.data.iempathize import FILE
from pipelines.labels.functions.intents import intent_rater
from pipelines.labels.signals import cache_folder
from tests.pipelines.labels.invented import label_settings, quick

# A word of each direction stands in all its sentences.
OPENINGS = ("The bus was late", "I cannot sleep", "I am sorry")
PLACES = ("at home", "in the morning", "after two years", "last week", "on my drive", "in the attic")
ENDINGS = ("my cat", "her brother", "a friend", "the car", "his party", "our race", "a lamp", "the exam")
KEY = "0123456789abcdef0123"


def sentences() -> list[tuple[str, int]]:
    """144 sentences and their labels, 48 of each direction."""
    return [
        (f"{opening} {place} with {ending}.", label)
        for label, opening in enumerate(OPENINGS)
        for place in PLACES
        for ending in ENDINGS
    ]


def write_sentences(folder: Path) -> str:
    """The corpus' one file in its own format."""
    folder.mkdir(parents=True)
    lines = ["text,label", *(f'"{text}",{label}' for text, label in sentences())]
    (folder / FILE).write_text("\n".join(lines) + "\n", encoding="cp1252")
    return str(folder)


def write_labels(folder: Path, encoder: str) -> str:
    """A labels folder of which only the intent rater is there."""
    settings = label_settings(folder, encoder, functions=["intents"])
    with quick():
        intent_rater(settings, cache_folder(settings, "intents", KEY))
    labels = folder / "labels" / settings.name
    labels.mkdir(parents=True)
    card = {"settings": asdict(settings), "cache_keys": {"intents": KEY}}
    (labels / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return str(labels)


def write_config(folder: Path, encoder: str, material: Path, **model: Any) -> str:
    """A config over `material`, a folder with `sentences` and `labels/invented`; runs go to <folder>/runs."""
    config = {
        "peer": "clsn",
        "name": "tiny",
        "seeds": [17],
        "data": {"path": str(material / "sentences"), "labels": str(material / "labels" / "invented")},
        "model": model,
        "encoder": {"name_or_path": encoder, "pooling": "mean", "view_length": 32},
        "stages": [
            {
                "objective": "joint",
                "epochs": 6,
                "batch_size": 8,
                "learning_rate": 5e-4,
                "head_learning_rate": 3e-3,
            }
        ],
        "output_dir": str(folder / "runs"),
    }
    file = folder / f"{model.get('system', 'clsn')}.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return str(file)
