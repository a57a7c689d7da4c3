"""Paired comparison of two systems over the examples of one test set.

Each system comes as a list of prediction frames, one a seed. The statistic is the mean over seeds of a metric on all
examples, system A minus system B. Turns of one dialogue are not independent, so dialogues are resampled or swapped
whole (the cluster bootstrap; Field and Welsh 2007), the same ones for both systems and all seeds. Neither test speaks
about other seeds: for those see `intervals`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipelines.evaluation.metrics import EMOTION_METRICS, EMPATHY_METRICS, PER_EXAMPLE, MetricFunction

_BLOCK = 256  # resamples that are drawn at once: bounds the memory at a few MB for thousands of dialogues


@dataclass(frozen=True)
class PairedTest:
    """What a paired test found.

    difference: mean over seeds of the metric, A minus B.  p_value: two-sided.  low, high: percentile interval of the
    difference at `level` (bootstrap only, else None).  resamples: those on which the metric was defined.
    """

    test: Literal["paired_bootstrap", "paired_permutation"]
    metric: str
    difference: float
    p_value: float
    low: float | None
    high: float | None
    level: float | None
    resamples: int
    dialogues: int
    examples: int


@dataclass(frozen=True)
class _Pair:
    """Aligned, rows sorted by dialogue: true (n,), a and b (seeds, n, ...), dialogue (n,) numbered from 0."""

    true: np.ndarray
    a: np.ndarray
    b: np.ndarray
    dialogue: np.ndarray
    dialogues: int


def paired_bootstrap(
    a: Sequence[pd.DataFrame],
    b: Sequence[pd.DataFrame],
    metric: str,
    *,
    resamples: int = 2000,
    level: float = 0.95,
    rng: int | np.random.Generator = 17,
) -> PairedTest:
    """Resample dialogues with replacement: a percentile interval of A minus B, and its two-sided p-value.

    The p-value is the level at which the interval would begin to exclude zero, counting the data itself as one resample
    (Efron and Tibshirani 1993, ch. 13 and 15). The frames have the columns of a predictions file, a frame a seed.
    Raises ValueError where the frames do not hold the same examples in the same order with the same truth, where
    predictions are missing, or where the metric is unknown or undefined.
    """
    _check_numbers(resamples, level)
    pair = _aligned(a, b, metric)
    generator = np.random.default_rng(rng)
    observed = _observed(pair, metric)
    values: list[np.ndarray] = []
    if metric in PER_EXAMPLE:
        sums, sizes = _dialogue_differences(pair, metric), np.bincount(pair.dialogue)
        for block in _blocks(resamples):
            drawn = generator.integers(pair.dialogues, size=(block, pair.dialogues))
            values.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    else:
        function, sizes = _metric_function(metric), np.bincount(pair.dialogue)
        starts = np.cumsum(sizes) - sizes
        for block in _blocks(resamples):
            for drawn in generator.integers(pair.dialogues, size=(block, pair.dialogues)):
                rows = _rows_of(drawn, starts, sizes)
                values.append(np.array([_difference(function, pair.a[:, rows], pair.b[:, rows], pair.true[rows])]))
    differences = np.concatenate(values)
    differences = differences[np.isfinite(differences)]
    n = len(differences)
    if n == 0:
        raise ValueError(f"{metric} is undefined on every one of {resamples} resamples: too few dialogues to resample")
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2])
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    p_value = min(1.0, 2 * (int(tail) + 1) / (n + 1))
    return PairedTest(
        "paired_bootstrap", metric, observed, p_value, float(low), float(high), level, n, pair.dialogues, len(pair.true)
    )


def paired_permutation(
    a: Sequence[pd.DataFrame],
    b: Sequence[pd.DataFrame],
    metric: str,
    *,
    resamples: int = 2000,
    rng: int | np.random.Generator = 17,
) -> PairedTest:
    """Swap the two systems' predictions, dialogue by dialogue and all seeds together: a two-sided p-value.

    Under the null hypothesis the systems are exchangeable within a dialogue (approximate randomisation; Noreen 1989).
    The data itself counts as one permutation, so p is never zero. The k-th seed of A is swapped with the k-th of B.
    Raises ValueError as `paired_bootstrap` does, and where the systems have different numbers of seeds.
    """
    _check_numbers(resamples, 0.5)
    if len(a) != len(b):
        raise ValueError(
            f"expected as many seeds of A as of B to swap; got {len(a)} and {len(b)}: compare common seeds"
        )
    pair = _aligned(a, b, metric)
    generator = np.random.default_rng(rng)
    observed = _observed(pair, metric)
    values: list[np.ndarray] = []
    if metric in PER_EXAMPLE:
        sums = _dialogue_differences(pair, metric) / len(pair.true)
        for block in _blocks(resamples):
            swapped = generator.random((block, pair.dialogues)) < 0.5
            values.append(np.where(swapped, -1.0, 1.0) @ sums)
    else:
        function = _metric_function(metric)
        extra = (1,) * (pair.a.ndim - 2)
        for block in _blocks(resamples):
            for swapped in generator.random((block, pair.dialogues)) < 0.5:
                swap = swapped[pair.dialogue].reshape(1, -1, *extra)
                first, second = np.where(swap, pair.b, pair.a), np.where(swap, pair.a, pair.b)
                values.append(np.array([_difference(function, first, second, pair.true)]))
    differences = np.concatenate(values)
    differences = differences[np.isfinite(differences)]
    # Equal sums added in another order differ in the last bits: without the margin a tie would count as smaller.
    extreme = int((np.abs(differences) >= abs(observed) - 1e-12).sum())
    p_value = (extreme + 1) / (len(differences) + 1)
    return PairedTest(
        "paired_permutation",
        metric,
        observed,
        p_value,
        None,
        None,
        None,
        len(differences),
        pair.dialogues,
        len(pair.true),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment for several tests (Holm 1979), in the order of `p_values`.

    Raises ValueError where a value is not between 0 and 1.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    if raw.ndim != 1 or not ((raw >= 0) & (raw <= 1)).all():
        raise ValueError(f"expected p-values between 0 and 1; got {raw.tolist()}")
    order = np.argsort(raw, kind="stable")
    stepped = np.minimum(1.0, np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1)))
    adjusted = np.empty_like(stepped)
    adjusted[order] = stepped
    return [float(value) for value in adjusted]


def _check_numbers(resamples: int, level: float) -> None:
    if resamples < 1:
        raise ValueError(f"expected at least one resample; got {resamples}")
    if not 0 < level < 1:
        raise ValueError(f"expected a level between 0 and 1; got {level}")


def _metric_function(metric: str) -> MetricFunction:
    return (EMPATHY_METRICS | EMOTION_METRICS)[metric].function


def _blocks(resamples: int) -> list[int]:
    return [min(_BLOCK, resamples - start) for start in range(0, resamples, _BLOCK)]


def _rows_of(drawn: np.ndarray, starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Row numbers of the drawn dialogues, whose rows lie together: (rows,)."""
    lengths = sizes[drawn]
    ends = np.cumsum(lengths)
    return np.arange(ends[-1]) + np.repeat(starts[drawn] - (ends - lengths), lengths)


def _seed_mean(function: MetricFunction, predictions: np.ndarray, true: np.ndarray) -> float:
    """Mean over seeds of the metric; NaN where it is undefined for one of them."""
    figures = [function(prediction, true) for prediction in predictions]
    return float(np.mean([np.nan if figure is None else figure for figure in figures]))


def _difference(function: MetricFunction, a: np.ndarray, b: np.ndarray, true: np.ndarray) -> float:
    return _seed_mean(function, a, true) - _seed_mean(function, b, true)


def _observed(pair: _Pair, metric: str) -> float:
    function = _metric_function(metric)
    for name, predictions in (("A", pair.a), ("B", pair.b)):
        if not np.isfinite(_seed_mean(function, predictions, pair.true)):
            raise ValueError(
                f"{metric} of system {name} is undefined for at least one seed (a correlation of a constant?): "
                "compare by another metric"
            )
    return _difference(function, pair.a, pair.b, pair.true)


def _dialogue_differences(pair: _Pair, metric: str) -> np.ndarray:
    """Per dialogue, the sum over its examples of A's seed-averaged figure minus B's: (dialogues,)."""
    figure: Callable[[np.ndarray, np.ndarray], np.ndarray] = PER_EXAMPLE[metric]
    first, second = (np.mean([figure(p, pair.true) for p in side], axis=0) for side in (pair.a, pair.b))
    return np.bincount(pair.dialogue, weights=first - second, minlength=pair.dialogues)


def _aligned(a: Sequence[pd.DataFrame], b: Sequence[pd.DataFrame], metric: str) -> _Pair:
    if metric in EMPATHY_METRICS:
        truth, column = "empathy_true", "empathy_pred"
    elif metric in EMOTION_METRICS:
        truth, column = "emotion_true", "emotion_logits"
    else:
        known = ", ".join(sorted(EMPATHY_METRICS | EMOTION_METRICS))
        raise ValueError(f"expected one of the metrics {known}; got {metric!r}")
    if not a or not b:
        raise ValueError(f"expected at least one seed of each system; got {len(a)} of A and {len(b)} of B")
    first = a[0]
    named = [(f"{side}, seed number {k}", f) for side, frames in (("A", a), ("B", b)) for k, f in enumerate(frames, 1)]
    for name, frame in named:
        _check_same_examples(first, frame, name, truth)
    scored = first[truth].notna().to_numpy()
    if not scored.any():
        raise ValueError(f"expected at least one example with a value in {truth!r}; got none in {len(first)} examples")
    dialogue, unique = pd.factorize(first["conv_id"][scored])
    order = np.argsort(dialogue, kind="stable")
    sides = [np.stack([_values(f, column, scored, name)[order] for name, f in named if name[0] == s]) for s in "AB"]
    true = first[truth][scored].to_numpy(dtype=np.float64)[order]
    if truth == "emotion_true":
        true = true.astype(np.int64)
    return _Pair(true, sides[0], sides[1], dialogue[order], len(unique))


def _check_same_examples(first: pd.DataFrame, frame: pd.DataFrame, name: str, truth: str) -> None:
    if frame["example_id"].duplicated().any():
        twice = frame["example_id"][frame["example_id"].duplicated()].iloc[0]
        raise ValueError(f"expected each example_id once; system {name} has {twice!r} more than once")
    here, there = first["example_id"].tolist(), frame["example_id"].tolist()
    if here != there:
        missing, extra = len(set(here) - set(there)), len(set(there) - set(here))
        what = f"it lacks {missing} and has {extra} others" if missing or extra else "they are in another order"
        raise ValueError(
            "expected the same example_ids in the same order as system A, seed number 1; "
            f"system {name} differs: {what}: compare runs on the same corpus, split and exclude list"
        )
    # Files of different writers may hold the same labels in float32 and float64.
    expected, found = (f[truth].to_numpy(dtype=np.float64, na_value=np.nan) for f in (first, frame))
    for column, same in (
        ("conv_id", first["conv_id"].tolist() == frame["conv_id"].tolist()),
        (truth, np.allclose(expected, found, rtol=0, atol=1e-6, equal_nan=True)),
    ):
        if not same:
            raise ValueError(
                f"expected the same {column!r} as in system A, seed number 1; system {name} differs: "
                "compare runs that are scored against the same labels"
            )


def _values(frame: pd.DataFrame, column: str, scored: np.ndarray, name: str) -> np.ndarray:
    values = frame[column][scored]
    missing = int(values.isna().sum())
    if missing:
        raise ValueError(f"expected a prediction for every example; system {name} lacks {missing} in {column!r}")
    array = np.stack([np.asarray(value, dtype=np.float64) for value in values])
    if not np.isfinite(array).all():
        raise ValueError(f"expected finite predictions; system {name} has NaN or infinite ones in {column!r}")
    return array
