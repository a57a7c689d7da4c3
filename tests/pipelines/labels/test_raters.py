"""A rater out of a labels folder."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.raters import labels_rater

KEY = "0123456789abcdef0123"


def labels_folder(folder: Path, trained: bool = True) -> tuple[Path, LabelSettings]:
    settings = LabelSettings("made", "nowhere", label_model="fixed", seed=5, cache_dir=str(folder / "cache"))
    labels = folder / "made"
    labels.mkdir()
    card = {"settings": asdict(settings), "cache_keys": {"intents": KEY}}
    (labels / "card.json").write_text(json.dumps(card), encoding="utf-8")
    if trained:
        rater = folder / "cache" / "intents-0123456789abcdef"
        rater.mkdir(parents=True)
        (rater / "model.safetensors").write_bytes(b"")
    return labels, settings


def test_settings_and_folder(tmp_path: Path) -> None:
    labels, settings = labels_folder(tmp_path)
    assert labels_rater(labels, "intents") == (settings, tmp_path / "cache" / "intents-0123456789abcdef")


def test_no_labels(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"card\.json: expected a labels folder with its card; make it: empathy label"):
        labels_rater(tmp_path, "intents")


def test_labels_without_the_function(tmp_path: Path) -> None:
    labels, _ = labels_folder(tmp_path)
    with pytest.raises(UserError, match="expected labels made with the function emotions; add it to functions"):
        labels_rater(labels, "emotions")


def test_a_rater_that_was_deleted(tmp_path: Path) -> None:
    labels, _ = labels_folder(tmp_path, trained=False)
    with pytest.raises(UserError, match=f"expected the intents rater of {labels}, it is gone; label again"):
        labels_rater(labels, "intents")
