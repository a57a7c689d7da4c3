"""Cross-fitting on rated training dialogues: no turn's value comes from a rater that saw its dialogue's rating."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from pipelines.data.prepare import dialogue_hash

FOLDS = 3


def fold_of(conv_id: str) -> int:
    """The fold that a dialogue is left out of, by a hash of its id."""
    return dialogue_hash("ratings fold " + conv_id) % FOLDS


def cross_fitted(
    turns: pd.DataFrame, rated: pd.DataFrame, values_of: Callable[[int, pd.DataFrame, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Values (turns,): a turn of a rated training dialogue has that of the fold it is left out of, others the mean.

    rated: rated dialogues of the training split. values_of: (fold, the rated dialogues that the fold learns from, the
    rows of `turns` that it gives values to) -> values (rows,).
    """
    own_fold = np.array([fold_of(conv_id) for conv_id in turns["conv_id"]])
    is_rated = turns["conv_id"].isin(set(rated["conv_id"])).to_numpy()
    rated_fold = np.array([fold_of(conv_id) for conv_id in rated["conv_id"]])
    total, count = np.zeros(len(turns)), np.zeros(len(turns))
    for fold in range(FOLDS):
        # A dialogue without a rating has taught none of the raters and is scored by all.
        rows = np.flatnonzero(~is_rated | (own_fold == fold))
        total[rows] += values_of(fold, rated[rated_fold != fold].reset_index(drop=True), rows)
        count[rows] += 1
    return total / count
