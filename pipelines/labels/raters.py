"""The raters that a labels folder was made with, to use them on other texts."""

import json
from pathlib import Path

from pipelines.errors import UserError
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.signals import cache_folder


def labels_rater(labels: Path, function: str) -> tuple[LabelSettings, Path]:
    """The settings of a labels folder, and the cache folder of the rater that the labelling function trained.

    Raises UserError where the labels folder has no card, was made without that function, or the rater is not in the
    cache any more.
    """
    card = labels / "card.json"
    if not card.is_file():
        raise UserError(f"{card}: expected a labels folder with its card; make it: empathy label configs/labels.yaml")
    described = json.loads(card.read_text(encoding="utf-8"))
    settings = LabelSettings(**described["settings"])
    if function not in described["cache_keys"]:
        raise UserError(
            f"{card}: expected labels made with the function {function}; add it to functions and label again"
        )
    folder = cache_folder(settings, function, described["cache_keys"][function])
    if not (folder / "model.safetensors").is_file():
        raise UserError(f"{folder}: expected the {function} rater of {labels}, it is gone; label again")
    return settings, folder
