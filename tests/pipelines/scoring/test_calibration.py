"""Intervals cover as often as they say, and the temperature is the best one."""

import numpy as np
import pytest
from scipy.special import softmax

from pipelines.scoring.calibration import Calibration, fit_interval, fit_temperature


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores and whole ratings about which people differ more where the score is low."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(1.5, 4.5, n)
    return scores, np.clip(np.round(scores + rng.normal(0, 1.6 - 0.25 * scores, n)), 1, 5)


def test_it_covers_as_often_as_it_says_everywhere() -> None:
    calibration = Calibration(*fit_interval(*drawn(6000, 0)), 0.9, 1.0)
    scores, ratings = drawn(6000, 1)
    intervals = [calibration.interval(score) for score in scores]
    inside = np.array([low <= rating <= high for (low, high), rating in zip(intervals, ratings, strict=True)])
    assert 0.88 < inside.mean() < 0.94
    for low in (1.5, 3.0):
        assert 0.87 < inside[(scores >= low) & (scores < low + 1.5)].mean() < 0.95
    widths = [high - low for low, high in intervals]
    assert np.mean(np.array(widths)[scores < 2.5]) > np.mean(np.array(widths)[scores > 3.5])
    assert all(1 <= low <= high <= 5 for low, high in intervals)


def test_too_few_ratings_are_refused() -> None:
    with pytest.raises(ValueError, match="expected more ratings in each quarter of the scores, got 10"):
        fit_interval(*drawn(40, 0))


def test_the_temperature_that_was_put_in_is_found() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 8))
    emotions = [int(rng.choice(8, p=p)) for p in softmax(logits, axis=1)]
    assert fit_temperature(logits * 2.5, emotions) == pytest.approx(2.5, rel=0.05)
