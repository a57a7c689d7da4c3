"""Co-occurrence of two labels."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from pipelines.evaluation.label_cooccurrence import label_cooccurrence

FRAME = pd.DataFrame(
    {
        "intent": ["wishing"] * 6 + ["neutral"] * 10 + ["questioning"] * 4,
        "direction": ["provide"] * 5 + ["none"] + ["none"] * 8 + ["seek"] * 2 + ["seek"] * 3 + ["none"],
    },
    index=range(100, 120),
)


def test_counts_and_shares_of_rows() -> None:
    found = label_cooccurrence(FRAME, rows="intent", columns="direction")
    assert found.counts.columns.tolist() == ["none", "provide", "seek"]
    assert found.counts.loc["wishing"].tolist() == [1, 5, 0]
    assert found.counts.loc["neutral"].tolist() == [8, 0, 2]
    assert found.counts.loc["questioning"].tolist() == [1, 0, 3]
    assert found.shares.loc["neutral"].tolist() == [0.8, 0.0, 0.2]
    assert found.shares.sum(axis=1).tolist() == pytest.approx([1, 1, 1])


def test_strength_and_p_by_hand() -> None:
    found = label_cooccurrence(FRAME, rows="intent", columns="direction")
    counts = found.counts.to_numpy()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / 20
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert found.cramers_v == pytest.approx(np.sqrt(statistic / (20 * 2)))
    assert found.p_value == pytest.approx(chi2.sf(statistic, df=4))


def test_two_by_two_is_the_phi_coefficient_without_a_correction() -> None:
    a, b = [0] * 5 + [1] * 5, [0, 0, 0, 0, 1, 0, 1, 1, 1, 1]
    found = label_cooccurrence(pd.DataFrame({"a": a, "b": b}), rows="a", columns="b")
    assert found.cramers_v == pytest.approx(np.corrcoef(a, b)[0, 1]) == pytest.approx(0.6)
    assert found.p_value == pytest.approx(chi2.sf(10 * 0.6**2, df=1))


def test_a_complete_link_and_none() -> None:
    frame = pd.DataFrame({"a": [0, 1, 2] * 4, "same": ["x", "y", "z"] * 4, "other": [0] * 6 + [1] * 6})
    assert label_cooccurrence(frame, "a", "same").cramers_v == pytest.approx(1.0)
    assert label_cooccurrence(frame, "a", "other")[2:] == (pytest.approx(0.0), pytest.approx(1.0))


def test_one_value_only_has_no_link() -> None:
    found = label_cooccurrence(FRAME.assign(direction="none"), rows="intent", columns="direction")
    assert found.counts["none"].tolist() == [10, 4, 6]
    assert (found.cramers_v, found.p_value) == (None, None)


def test_absent_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one example, got none"):
        label_cooccurrence(FRAME[:0], "intent", "direction")
    with pytest.raises(ValueError, match="both labels for every example, got 2 without; drop these first"):
        label_cooccurrence(FRAME.assign(direction=[None, None, *["none"] * 18]), "intent", "direction")
