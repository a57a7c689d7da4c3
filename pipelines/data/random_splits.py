"""Random splits in which all rows of a group fall on one side."""

import math
from collections.abc import Sequence

import numpy as np
from sklearn.utils import shuffle

from pipelines.data.dialogue import SPLITS


def random_splits(groups: Sequence[str], shares: tuple[float, float, float], seed: int) -> list[str]:
    """The split of each row, "train", "valid" or "test": the groups in random order, cut where the shares end.

    The shares are of rows, met as closely as whole groups in that order allow. Which rows make up a group decides
    where it falls, the order of the rows does not; the same seed gives the same splits. (scikit-learn's own
    GroupShuffleSplit has two sides and shares of groups, not of rows.)

    Args:
        groups: one name a row; rows of one name are kept together (of EPITOME: the seeker post's id).
        shares: of the rows for train, valid and test, adding up to 1; (.75, .05, .20) for EPITOME.
        seed: of the order of the groups.

    Raises:
        ValueError: the shares are negative or add up to something else, or a split with a share would stay empty.
    """
    if min(shares) < 0 or not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
        raise ValueError(f"shares: expected three of 0 or more that add up to 1, got {shares}")
    names, group_of_row, sizes = np.unique(np.asarray(groups, dtype=str), return_inverse=True, return_counts=True)
    order = shuffle(np.arange(len(names)), random_state=seed)
    rows_before = np.concatenate([[0], np.cumsum(sizes[order])])
    # A cut may lie before any group of the order, or after the last.
    cuts = [int(np.abs(rows_before - share * len(groups)).argmin()) for share in np.cumsum(shares[:2])]
    split_of_group = np.empty(len(names), dtype=np.int64)
    split_of_group[order] = np.searchsorted(cuts, np.arange(len(names)), side="right")
    splits = [SPLITS[split] for split in split_of_group[group_of_row]]
    empty = [name for name, share in zip(SPLITS, shares, strict=True) if share > 0 and name not in splits]
    if empty:
        raise ValueError(
            f"groups: expected enough of them for every split, {len(names)} groups of {len(groups)} rows leave "
            f"{', '.join(empty)} empty at the shares {shares}"
        )
    return splits
