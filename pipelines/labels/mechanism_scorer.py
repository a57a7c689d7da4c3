"""The EPITOME rater of a labels folder as a scorer, so that probes and audits can be run on it too."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipelines.data.epitome import MECHANISMS
from pipelines.data.views import Example
from pipelines.errors import UserError
from pipelines.evaluation.scorers import Scorer, checked
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.epitome import epitome_rater, expected_levels
from pipelines.labels.signals import cache_folder
from pipelines.labels.turns import turn_separator


def load_mechanism_scorer(spec: str) -> Scorer:
    """`FOLDER` or `FOLDER#er|ip|ex`: the sum of the expected levels (0 to 6), or one mechanism's (0 to 2).

    Raises UserError where the labels folder has no card or its rater is not in the cache any more.
    """
    path, _, mechanism = spec.partition("#")
    if mechanism and mechanism not in MECHANISMS:
        raise UserError(f"scorer epitome:{spec}: expected one of {', '.join(MECHANISMS)} after #, got {mechanism!r}")
    card = Path(path) / "card.json"
    if not card.is_file():
        raise UserError(f"{card}: expected a labels folder with its card; make it: empathy label configs/labels.yaml")
    described = json.loads(card.read_text(encoding="utf-8"))
    settings = LabelSettings(**described["settings"])
    if "epitome" not in described["cache_keys"]:
        raise UserError(f"{card}: expected labels made with the function epitome; add it to functions and label again")
    folder = cache_folder(settings, "epitome", described["cache_keys"]["epitome"])
    if not (folder / "model.safetensors").is_file():
        raise UserError(f"{folder}: expected the EPITOME rater of {path}, it is gone; label again")
    rater = epitome_rater(settings, folder)
    separator = turn_separator(settings.encoder)

    def score(rows: Sequence[Example]) -> np.ndarray:
        contexts = [separator.join(turn["text"] for turn in row["dialogue_context"]) for row in rows]
        levels = expected_levels(rater, settings.encoder, contexts, [row["response"] for row in rows])
        scores = levels[:, MECHANISMS.index(mechanism)] if mechanism else levels.sum(axis=1)
        return checked(scores, rows, f"epitome:{spec}")

    return Scorer(f"EPITOME {mechanism or 'levels'}", score)
