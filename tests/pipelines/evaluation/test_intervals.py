import numpy as np
import pytest
from scipy import stats

from pipelines.evaluation.intervals import seed_interval


def test_three_seeds_by_hand() -> None:
    # Mean .4, sd .01, and 4.303 (the printed table's t of .975 with 2 degrees of freedom) * .01 / sqrt(3) = .02484.
    mean, sd, n, low, high = seed_interval([0.39, 0.40, 0.41])
    assert (mean, sd, n) == (pytest.approx(0.4), pytest.approx(0.01), 3)
    assert low == pytest.approx(0.4 - 0.02484, abs=1e-5)
    assert high == pytest.approx(0.4 + 0.02484, abs=1e-5)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_equals_scipy(level: float) -> None:
    values = [0.3977, 0.4946, 0.3338, 0.41, 0.44]
    low, high = stats.t.interval(level, 4, loc=np.mean(values), scale=stats.sem(values))
    assert seed_interval(values, level)[3:] == (pytest.approx(low), pytest.approx(high))


def test_one_seed_has_no_spread() -> None:
    assert seed_interval([0.7]) == (0.7, None, 1, None, None)


def test_five_seeds_cover_the_mean_as_often_as_promised() -> None:
    draws = np.random.default_rng(0).normal(size=(2000, 5))
    intervals = [seed_interval(draw) for draw in draws]
    covered = [found.low <= 0 <= found.high for found in intervals]  # type: ignore[operator]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize(
    ("values", "level", "message"),
    [
        ([], 0.95, "at least one figure"),
        ([1.0, np.nan], 0.95, "finite figures"),
        ([1.0, 2.0], 95, "between 0 and 1; got 95"),
    ],
)
def test_bad_input_is_refused(values: list[float], level: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        seed_interval(values, level)
