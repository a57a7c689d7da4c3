"""Cross-fitting on rated dialogues."""

from collections import Counter

import numpy as np
import pandas as pd

from pipelines.labels.cross_fitting import FOLDS, cross_fitted, fold_of


def test_folds_are_of_like_size_and_of_the_id_alone() -> None:
    sizes = Counter(fold_of(f"hit:{number}_conv:{number}") for number in range(3000))
    assert set(sizes) == set(range(FOLDS))
    assert min(sizes.values()) > 900


def test_no_turn_is_scored_by_what_saw_its_rating() -> None:
    conv_ids = [f"d{number}" for number in range(30)]
    turns = pd.DataFrame({"conv_id": np.repeat(conv_ids, 2)})
    rated = pd.DataFrame({"conv_id": conv_ids[:20][::-1]})
    seen: dict[int, set[str]] = {}
    scored: dict[int, list[int]] = {}

    def values_of(fold: int, used: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
        seen[fold], scored[fold] = set(used["conv_id"]), rows.tolist()
        assert used.index.tolist() == list(range(len(used)))
        return 10.0**fold + rows / 1000

    values = cross_fitted(turns, rated, values_of)
    assert set.union(*seen.values()) == set(rated["conv_id"])
    for fold in range(FOLDS):
        assert not seen[fold] & set(turns["conv_id"].iloc[scored[fold]])
    for row, conv_id in enumerate(turns["conv_id"]):
        folds = [fold_of(conv_id)] if conv_id in conv_ids[:20] else range(FOLDS)
        assert np.isclose(values[row], np.mean([10.0**fold for fold in folds]) + row / 1000)
