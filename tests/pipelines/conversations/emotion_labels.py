"""A labels folder whose GoEmotions rater is there, as `empathy label` leaves it."""

import json
from dataclasses import asdict
from pathlib import Path

from pipelines.labels.functions.emotions import emotion_rater
from pipelines.labels.signals import cache_folder
from tests.pipelines.labels.invented import label_settings, quick

KEY = "e" * 64


def write_emotion_labels(folder: Path, encoder: str) -> Path:
    """Train the rater on a few invented comments and return the labels folder, in `folder`."""
    settings = label_settings(folder, encoder, functions=["emotions"])
    with quick():
        emotion_rater(settings, cache_folder(settings, "emotions", KEY))
    labels = folder / "labels" / "invented"
    labels.mkdir(parents=True)
    card = {"settings": asdict(settings), "cache_keys": {"emotions": KEY}}
    (labels / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return labels
