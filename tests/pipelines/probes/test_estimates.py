import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from pipelines.probes.estimates import (
    area_estimate,
    area_statistic,
    mean_estimate,
    share_estimate,
    spearman_estimate,
    wilson,
)


def test_wilson_is_the_textbook_interval() -> None:
    found = wilson(10, 100)
    z = 1.959963984540054
    middle = (0.1 + z**2 / 200) / (1 + z**2 / 100)
    half = z / (1 + z**2 / 100) * np.sqrt(0.1 * 0.9 / 100 + z**2 / 40000)
    assert found["value"] == 0.1
    assert (found["low"], found["high"], found["n"]) == (
        pytest.approx(middle - half),
        pytest.approx(middle + half),
        100,
    )
    assert wilson(0, 0) == {"value": None, "low": None, "high": None, "n": 0}


def test_the_weighted_area_is_that_of_scikit_learn_ties_included() -> None:
    rng = np.random.default_rng(3)
    own, swapped = rng.integers(1, 8, 300) / 1.0, rng.integers(0, 7, 300) / 1.0
    labels, scores = np.repeat([1, 0], 300), np.concatenate([own, swapped])
    for weights in (np.ones(300, dtype=np.int64), rng.integers(0, 4, 300)):
        expected = roc_auc_score(labels, scores, sample_weight=np.concatenate([weights, weights]))
        assert area_statistic(own, swapped)(weights) == pytest.approx(expected, abs=1e-12)


def test_the_mean_has_the_interval_of_an_independent_bootstrap() -> None:
    values = np.random.default_rng(4).gamma(2.0, size=200)
    found = mean_estimate(values, [str(k) for k in range(200)])
    scipys = scipy_bootstrap((values,), np.mean, method="percentile", rng=1).confidence_interval
    assert found["value"] == pytest.approx(values.mean())
    assert found["low"] == pytest.approx(scipys.low, abs=0.03)
    assert found["high"] == pytest.approx(scipys.high, abs=0.03)


def test_rows_of_one_dialogue_are_drawn_together() -> None:
    """Twenty copies of each row say nothing new: the interval stays that of the 40 dialogues."""
    values = np.random.default_rng(5).normal(size=40)
    names = [str(k) for k in range(40)]
    alone, copied = mean_estimate(values, names), mean_estimate(np.repeat(values, 20), np.repeat(names, 20).tolist())
    assert copied["n"] == 800
    assert (copied["low"], copied["high"]) == (pytest.approx(alone["low"]), pytest.approx(alone["high"]))


def test_spearman_is_scipys_and_undefined_for_a_constant() -> None:
    rng = np.random.default_rng(6)
    a = rng.integers(0, 9, 120).astype(float)
    b = a + rng.normal(0, 3, 120)
    names = [str(k // 2) for k in range(120)]
    found = spearman_estimate(a, b, names)
    assert found["value"] == pytest.approx(spearmanr(a, b).statistic)
    assert found["low"] < found["value"] < found["high"]
    assert spearman_estimate(np.ones(120), b, names) == {"value": None, "low": None, "high": None, "n": 120}


def test_a_share_of_none_or_all_is_not_certain() -> None:
    names = [str(k) for k in range(50)]
    none, everything = share_estimate(np.zeros(50), names), share_estimate(np.ones(50), names)
    assert (none["value"], none["low"]) == (0.0, pytest.approx(0.0, abs=1e-12))
    assert none["high"] == pytest.approx(wilson(0, 50)["high"])
    assert (everything["value"], everything["low"]) == (1.0, pytest.approx(wilson(50, 50)["low"]))


def test_nothing_to_resample_gives_no_interval() -> None:
    assert area_estimate(np.array([]), np.array([]), []) == {"value": None, "low": None, "high": None, "n": 0}
    one = mean_estimate(np.array([1.0, 3.0]), ["same", "same"])
    assert one == {"value": 2.0, "low": None, "high": None, "n": 2}
