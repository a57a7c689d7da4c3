"""Figures with their n and a 95 % interval: Wilson for a share of independent pairs, else a bootstrap over clusters."""

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.metrics import roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from pipelines.evaluation.metrics import spearman

Estimate = dict[str, float | int | None]
Statistic = Callable[[np.ndarray], float | None]

LEVEL = 0.95
RESAMPLES = 1000
SEED = 17


def estimate(value: float | None, low: float | None, high: float | None, n: int) -> Estimate:
    """A figure; `value` is None where it is undefined, the ends also where nothing can be resampled."""
    return {"value": value, "low": low, "high": high, "n": n}


def wilson(successes: int, n: int) -> Estimate:
    """Share of `n` independent trials with Wilson's interval; undefined for no trials."""
    if n == 0:
        return estimate(None, None, None, 0)
    low, high = proportion_confint(successes, n, alpha=1 - LEVEL, method="wilson")
    return estimate(successes / n, float(low), float(high), n)


def bootstrap(statistic: Statistic, clusters: Sequence[str]) -> Estimate:
    """`statistic` of the rows with a percentile interval from resampling whole clusters (dialogues, or pairs).

    `statistic(weights (rows,))` is given how often each row was drawn; `clusters` names the cluster of each row.
    """
    n = len(clusters)
    if n == 0:
        return estimate(None, None, None, 0)
    names, codes = np.unique(np.asarray(clusters), return_inverse=True)
    value = statistic(np.ones(n, dtype=np.int64))
    if value is None or len(names) < 2:
        return estimate(value, None, None, n)
    generator = np.random.default_rng(SEED)
    values = []
    for _ in range(RESAMPLES):
        drawn = np.bincount(generator.integers(len(names), size=len(names)), minlength=len(names))
        figure = statistic(drawn[codes])
        if figure is not None:
            values.append(figure)
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return estimate(value, float(low), float(high), n)


def mean_estimate(values: np.ndarray, clusters: Sequence[str]) -> Estimate:
    """Mean of `values (n,)`."""
    return bootstrap(lambda weights: float(weights @ values / weights.sum()), clusters)


def share_estimate(values: np.ndarray, clusters: Sequence[str]) -> Estimate:
    """Mean of shares `values (n,)` in [0, 1], a cluster each or several.

    Where all are 0, or all 1, a bootstrap has no spread and would claim certainty: Wilson's interval, each cluster
    counted as one trial, takes its place.
    """
    found = mean_estimate(values, clusters)
    if found["value"] in (0.0, 1.0):
        trials = len(set(clusters))
        found |= {end: wilson(round(found["value"] * trials), trials)[end] for end in ("low", "high")}
    return found


def spearman_estimate(a: np.ndarray, b: np.ndarray, clusters: Sequence[str]) -> Estimate:
    """Spearman's rho of `a (n,)` and `b (n,)`; undefined where one is constant."""
    rows = np.arange(len(a))

    def statistic(weights: np.ndarray) -> float | None:
        drawn = np.repeat(rows, weights)
        return spearman(a[drawn], b[drawn])

    return bootstrap(statistic, clusters)


def area_estimate(own: np.ndarray, swapped: np.ndarray, clusters: Sequence[str]) -> Estimate:
    """Area under the ROC curve of `own (n,)` against `swapped (n,)` scores; row i of both is drawn together.

    It is the chance that a response in its own context scores above one in a swapped context, a tie counting half.
    """
    if not len(own):
        return estimate(None, None, None, 0)
    labels = np.repeat([1, 0], len(own))
    found = bootstrap(area_statistic(own, swapped), clusters)
    return found | {"value": float(roc_auc_score(labels, np.concatenate([own, swapped])))}


def area_statistic(own: np.ndarray, swapped: np.ndarray) -> Statistic:
    """The weighted area as a statistic; the order of the scores is found once, not in every resample."""
    levels, codes = np.unique(np.concatenate([own, swapped]), return_inverse=True)
    own_codes, swapped_codes = codes[: len(own)], codes[len(own) :]

    def statistic(weights: np.ndarray) -> float:
        high = np.bincount(own_codes, weights, minlength=len(levels))
        low = np.bincount(swapped_codes, weights, minlength=len(levels))
        below = np.cumsum(low) - low / 2
        return float(high @ below / (high.sum() * low.sum()))

    return statistic
