"""The interval over seeds. For intervals over examples see `significance`; the two answer different questions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats


class SeedInterval(NamedTuple):
    """Mean and sample standard deviation of n seeds, with a t interval; sd, low and high are None where n is 1."""

    mean: float
    sd: float | None
    n: int
    low: float | None
    high: float | None


def seed_interval(values: Sequence[float], level: float = 0.95) -> SeedInterval:
    """Student's t interval of the mean of `values`, one figure a seed.

    With the 3 to 5 seeds of most reports, a bootstrap over seeds covers far less than its nominal level; t covers it.
    Raises ValueError on no values, values that are not finite, or a level outside (0, 1).
    """
    figures = np.asarray(values, dtype=np.float64)
    if figures.ndim != 1 or len(figures) == 0:
        raise ValueError(f"expected at least one figure, one a seed; got an array of shape {figures.shape}")
    if not np.isfinite(figures).all():
        raise ValueError(f"expected finite figures, one a seed; got {figures.tolist()}")
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1; got {level}")
    mean, n = float(figures.mean()), len(figures)
    if n == 1:
        return SeedInterval(mean, None, 1, None, None)
    sd = float(figures.std(ddof=1))
    half = float(stats.t.ppf((1 + level) / 2, df=n - 1)) * sd / n**0.5
    return SeedInterval(mean, sd, n, mean - half, mean + half)
