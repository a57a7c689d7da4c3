"""What a row's test predictions look like beyond one figure: confusions, and reliability of score and emotion."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from pipelines.data.dialogue import EMOTIONS
from pipelines.evaluation.metrics import ECE_BINS
from pipelines.reporting.aggregate import Row

SCORE_BINS = 10


def confusion(row: Row) -> np.ndarray | None:
    """Row-normalised confusion matrix (true, predicted), mean over seeds; NaN rows where an emotion never occurs."""
    matrices = []
    for test in row.tests("emotion"):
        if test.emotion_logits is None:
            continue
        counts = np.zeros((len(EMOTIONS), len(EMOTIONS)))
        np.add.at(counts, (test.emotion_true, test.emotion_logits.argmax(axis=1)), 1)
        with np.errstate(invalid="ignore"):
            matrices.append(counts / counts.sum(axis=1, keepdims=True))
    return np.mean(matrices, axis=0) if matrices else None


def pooled_scores(row: Row) -> tuple[np.ndarray, np.ndarray] | None:
    """Predicted and true scores of all seeds, each (examples x seeds,); None where the row predicts no score."""
    tests = row.tests("empathy")
    if not tests:
        return None
    masks = [test.scored for test in tests]
    pred = np.concatenate([test.empathy_pred[mask] for test, mask in zip(tests, masks, strict=True)])
    true = np.concatenate([test.empathy_true[mask] for test, mask in zip(tests, masks, strict=True)])
    return pred, true


@dataclass(frozen=True)
class Reliability:
    """Bins of a reliability diagram: mean prediction, what was observed, and how many examples; seeds are pooled."""

    predicted: list[float]
    observed: list[float]
    count: list[int]


def score_reliability(row: Row) -> Reliability | None:
    """Mean true score by mean predicted score in ten bins of equally many predictions."""
    pooled = pooled_scores(row)
    if pooled is None:
        return None
    pred, true = pooled
    order = np.argsort(pred, kind="stable")
    bins = [part for part in np.array_split(order, SCORE_BINS) if len(part)]
    return Reliability(
        [float(pred[part].mean()) for part in bins], [float(true[part].mean()) for part in bins], [len(p) for p in bins]
    )


def emotion_reliability(row: Row) -> Reliability | None:
    """Accuracy by confidence (the top probability) in the equal-width bins of ECE, empty ones left out."""
    tests = [test for test in row.tests("emotion") if test.emotion_logits is not None]
    if not tests:
        return None
    probabilities = np.concatenate([softmax(test.emotion_logits, axis=1) for test in tests])
    hit = probabilities.argmax(axis=1) == np.concatenate([test.emotion_true for test in tests])
    confidence = probabilities.max(axis=1)
    bins = np.clip(np.ceil(confidence * ECE_BINS).astype(int) - 1, 0, ECE_BINS - 1)
    used = np.unique(bins)
    return Reliability(
        [float(confidence[bins == b].mean()) for b in used],
        [float(hit[bins == b].mean()) for b in used],
        [int((bins == b).sum()) for b in used],
    )


def top_confusions(matrix: np.ndarray, count: int = 8) -> list[tuple[str, str, float]]:
    """The largest off-diagonal cells of a confusion matrix: (true, predicted, share)."""
    off = np.nan_to_num(matrix) * (1 - np.eye(len(matrix)))
    order = np.argsort(-off, axis=None, kind="stable")[:count]
    cells = [divmod(int(cell), len(matrix)) for cell in order]
    return [(EMOTIONS[true], EMOTIONS[pred], float(off[true, pred])) for true, pred in cells if off[true, pred] > 0]
