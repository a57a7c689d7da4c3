"""The EPITOME rater of a labels folder as a scorer, so that probes and audits can be run on it too."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipelines.data.mechanisms import MECHANISMS
from pipelines.data.views import Example
from pipelines.errors import UserError
from pipelines.evaluation.scorers import Scorer, checked
from pipelines.labels.functions.epitome import EPITOME, epitome_rater, expected_levels
from pipelines.labels.raters import labels_rater
from pipelines.labels.turns import turn_separator


def load_mechanism_scorer(spec: str) -> Scorer:
    """`FOLDER` or `FOLDER#er|ip|ex`: the sum of the expected levels (0 to 6), or one mechanism's (0 to 2).

    Raises UserError where the labels folder has no card or its rater is not in the cache any more.
    """
    path, _, mechanism = spec.partition("#")
    if mechanism and mechanism not in MECHANISMS:
        raise UserError(f"scorer epitome:{spec}: expected one of {', '.join(MECHANISMS)} after #, got {mechanism!r}")
    settings, folder = labels_rater(Path(path), EPITOME.name)
    rater = epitome_rater(settings, folder)
    separator = turn_separator(settings.encoder)

    def score(rows: Sequence[Example]) -> np.ndarray:
        contexts = [separator.join(turn["text"] for turn in row["dialogue_context"]) for row in rows]
        levels = expected_levels(rater, settings.encoder, contexts, [row["response"] for row in rows])
        scores = levels[:, MECHANISMS.index(mechanism)] if mechanism else levels.sum(axis=1)
        return checked(scores, rows, f"epitome:{spec}")

    return Scorer(f"EPITOME {mechanism or 'levels'}", score)
