"""Metrics of the empathy score and of the emotion, computed once over all predictions.

A new metric is one function and one line in `EMPATHY_METRICS` or `EMOTION_METRICS`; early stopping, reports and the
paired tests find it there. A metric that is a mean over examples also gets a line in `PER_EXAMPLE`, which makes its
paired tests fast. A metric that is undefined on its input (the correlation of a constant) is None.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import softmax
from scipy.stats import rankdata
from sklearn.metrics import mean_absolute_error, mean_squared_error

MetricFunction = Callable[[np.ndarray, np.ndarray], float | None]

ECE_BINS = 15


class Metric(NamedTuple):
    """A metric `function(pred, true)` and the direction in which it gets better."""

    function: MetricFunction
    direction: Literal["max", "min"]


def mae(pred: np.ndarray, true: np.ndarray) -> float:
    """Mean absolute error, in score units, of `pred (n,)` against `true (n,)`."""
    return float(mean_absolute_error(true, pred))


def mse(pred: np.ndarray, true: np.ndarray) -> float:
    """Mean squared error, in squared score units, of `pred (n,)` against `true (n,)`."""
    return float(mean_squared_error(true, pred))


def pearson(pred: np.ndarray, true: np.ndarray) -> float | None:
    """Pearson's r of `pred (n,)` and `true (n,)`; None where either is constant or n is 1."""
    pred, true = pred.astype(np.float64), true.astype(np.float64)
    if np.ptp(pred) == 0 or np.ptp(true) == 0:
        return None
    pred, true = pred - pred.mean(), true - true.mean()
    scale = float(np.linalg.norm(pred) * np.linalg.norm(true))
    return None if scale == 0 else float(np.clip(pred @ true / scale, -1.0, 1.0))


def spearman(pred: np.ndarray, true: np.ndarray) -> float | None:
    """Spearman's rho of `pred (n,)` and `true (n,)`: Pearson's r of their ranks, ties sharing the mean rank."""
    return pearson(rankdata(pred), rankdata(true))


def qwk(pred: np.ndarray, true: np.ndarray) -> float | None:
    """Cohen's kappa with quadratic weights, both sides rounded to whole scores 1 to 5, halves upwards.

    None where both sides are one and the same score, since chance agreement is then complete.
    """
    counts = _counts(_levels(pred), _levels(true), classes=5)
    squares = np.square(np.arange(5)[:, None] - np.arange(5)[None, :])
    by_chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    disagreement = float((squares * by_chance).sum())
    return None if disagreement == 0 else 1.0 - float((squares * counts).sum()) / disagreement


def _levels(scores: np.ndarray) -> np.ndarray:
    return np.clip(np.floor(scores.astype(np.float64) + 0.5), 1, 5).astype(np.int64) - 1


def _counts(pred: np.ndarray, true: np.ndarray, classes: int) -> np.ndarray:
    """How often each class in `true (n,)` (columns) was taken for each in `pred (n,)` (rows): `(classes, classes)`.

    Counted here, not by scikit-learn: its checks of every call cost more than the figures, and a report resamples.
    """
    return np.bincount(pred * classes + true, minlength=classes * classes).reshape(classes, classes)


def _hits(logits: np.ndarray, true: np.ndarray, k: int) -> np.ndarray:
    """Whether the true class is among the k largest logits, `(n,)`; of equal logits the lower class goes first."""
    order = np.argsort(-logits, axis=1, kind="stable")[:, :k]
    return (order == true[:, None]).any(axis=1)


def accuracy(logits: np.ndarray, true: np.ndarray) -> float:
    """Share of examples whose largest of `logits (n, classes)` is the class in `true (n,)`."""
    return float(_hits(logits, true, 1).mean())


def top5(logits: np.ndarray, true: np.ndarray) -> float:
    """Share of examples whose true class is among the five largest of `logits (n, classes)`."""
    return float(_hits(logits, true, 5).mean())


def macro_f1(logits: np.ndarray, true: np.ndarray) -> float:
    """F1 averaged over the classes that occur in `true (n,)` or among the predictions, as scikit-learn does."""
    counts = _counts(logits.argmax(axis=1), true.astype(np.int64), classes=logits.shape[1])
    seen = counts.sum(axis=0) + counts.sum(axis=1)
    return float((2 * counts.diagonal()[seen > 0] / seen[seen > 0]).mean())


def ece(logits: np.ndarray, true: np.ndarray) -> float:
    """Expected calibration error of the top probability over 15 equal-width bins (Guo et al. 2017, arXiv:1706.04599).

    `logits (n, classes)` pass through a softmax first, so it means nothing for scores that are not log-probabilities.
    """
    probabilities = softmax(logits.astype(np.float64), axis=1)
    confidence = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == true
    bins = np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)  # (low, high], as in the paper
    gap = np.bincount(bins, weights=hit - confidence, minlength=ECE_BINS)
    return float(np.abs(gap).sum() / len(true))


EMPATHY_METRICS: dict[str, Metric] = {
    "mae": Metric(mae, "min"),
    "mse": Metric(mse, "min"),
    "pearson": Metric(pearson, "max"),
    "spearman": Metric(spearman, "max"),
    "qwk": Metric(qwk, "max"),
}

EMOTION_METRICS: dict[str, Metric] = {
    "accuracy": Metric(accuracy, "max"),
    "top5": Metric(top5, "max"),
    "macro_f1": Metric(macro_f1, "max"),
    "ece": Metric(ece, "min"),
}

# Of the metrics that are the mean of one figure an example: that figure, (n,).
PER_EXAMPLE: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mae": lambda pred, true: np.abs(pred - true),
    "mse": lambda pred, true: np.square(pred - true),
    "accuracy": lambda logits, true: _hits(logits, true, 1).astype(np.float64),
    "top5": lambda logits, true: _hits(logits, true, 5).astype(np.float64),
}


def empathy_metrics(pred: np.ndarray, true: np.ndarray) -> dict[str, float | None]:
    """Every metric of `EMPATHY_METRICS`, and n, of predicted `(n,)` against true `(n,)` scores in score units.

    Raises ValueError where an input is empty, not of one dimension, not finite, or where the lengths differ.
    """
    pred, true = np.asarray(pred, dtype=np.float64), np.asarray(true, dtype=np.float64)
    _check_scores(pred, true)
    figures: dict[str, float | None] = {name: metric.function(pred, true) for name, metric in EMPATHY_METRICS.items()}
    return figures | {"n": len(true)}


def emotion_metrics(logits: np.ndarray, true: np.ndarray) -> dict[str, float | None]:
    """Every metric of `EMOTION_METRICS`, and n, of `logits (n, classes)` against the true class numbers `(n,)`.

    Raises ValueError where an input is empty, of the wrong shape, not finite, or names a class that has no logit.
    """
    logits, true = np.asarray(logits, dtype=np.float64), np.asarray(true)
    _check_classes(logits, true)
    true = true.astype(np.int64)
    figures: dict[str, float | None] = {name: metric.function(logits, true) for name, metric in EMOTION_METRICS.items()}
    return figures | {"n": len(true)}


def _check_scores(pred: np.ndarray, true: np.ndarray) -> None:
    if pred.ndim != 1 or true.ndim != 1 or len(pred) != len(true):
        raise ValueError(
            f"expected as many predicted as true scores, both of shape (n,); got {pred.shape} and {true.shape}"
        )
    if len(true) == 0:
        raise ValueError("expected at least one predicted and one true score; got none")
    for name, values in (("predicted", pred), ("true", true)):
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise ValueError(f"expected finite scores; {bad} of {len(values)} {name} scores are NaN or infinite")


def _check_classes(logits: np.ndarray, true: np.ndarray) -> None:
    if logits.ndim != 2 or true.ndim != 1 or len(logits) != len(true):
        raise ValueError(
            f"expected logits of shape (n, classes) and true classes of shape (n,); got {logits.shape} and {true.shape}"
        )
    if len(true) == 0:
        raise ValueError("expected logits and a true class for at least one example; got none")
    bad = int((~np.isfinite(logits)).any(axis=1).sum())
    if bad:
        raise ValueError(f"expected finite logits; {bad} of {len(logits)} rows hold NaN or infinite ones")
    if not np.isfinite(true.astype(np.float64)).all() or (true != np.floor(true)).any():
        raise ValueError("expected whole class numbers as true classes; some are NaN or fractions")
    if true.min() < 0 or true.max() >= logits.shape[1]:
        raise ValueError(
            f"expected true classes from 0 to {logits.shape[1] - 1}; got some from {true.min()} to {true.max()}"
        )
