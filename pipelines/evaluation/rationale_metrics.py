"""Predicted against annotated rationales: token F1 and IOU-F1 (ERASER, DeYoung et al. 2020, arXiv:1911.03429).

What is computed. A pair's rationale is a set of its response's scored tokens, and its spans are the runs of adjacent
tokens in it. For each pair:

- T-F1: F1 of the predicted against the annotated tokens.
- IOU-F1: a span counts as matched where the intersection over union of its tokens with those of a span of the other
  side is at least .5. Precision is the share of predicted spans that are matched, recall the share of annotated ones;
  F1 is of those two.

Both figures are the mean over pairs of their pair's F1: never over batches, nor over the tokens of all pairs at once.

Most of EPITOME's pairs have no rationale, and what those count for moves the figures by tens of points, so a figure has
to name its convention:

- over="all": a pair without an annotated rationale counts 1 where none was predicted, else 0. A system that never
  predicts one then gets the share of such pairs in both figures: of EPITOME's Reddit part 66.5 % for emotional
  reactions, 52.9 % for interpretations and 84.4 % for explorations, close to the published IOU-F1.
- over="with_rationale": pairs without an annotated rationale are left out; predicting none counts 0.

Published for EPITOME (T-F1 / IOU-F1, Reddit): emotional reactions 53.57 / 64.83, interpretations 57.40 / 55.90,
explorations 71.56 / 84.48.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

OVER = ("all", "with_rationale")
IOU_THRESHOLD = 0.5


def rationale_metrics(
    predicted: Sequence[Sequence[int]], annotated: Sequence[Sequence[int]], over: str = "all"
) -> dict[str, float | None]:
    """token_f1 and iou_f1 from 0 to 1, n (pairs that were counted) and with_rationale (of them, those that have one).

    The figures are None where no pair was counted.

    Args:
        predicted: for each pair, 1 or 0 for each scored token of its response, in order.
        annotated: the same tokens' labels.
        over: "all" or "with_rationale", see above.

    Raises:
        ValueError: `over` is something else, there is no pair, or a pair's sides differ in length or hold other values.
    """
    if over not in OVER:
        raise ValueError(f"over: expected one of {', '.join(OVER)}, got {over!r}")
    pairs = _checked(predicted, annotated)
    if over == "with_rationale":
        pairs = [(found, true) for found, true in pairs if true.any()]
    return {
        "token_f1": float(np.mean([token_f1(*pair) for pair in pairs])) if pairs else None,
        "iou_f1": float(np.mean([iou_f1(*pair) for pair in pairs])) if pairs else None,
        "n": len(pairs),
        "with_rationale": sum(bool(true.any()) for _, true in pairs),
    }


def token_f1(predicted: np.ndarray, annotated: np.ndarray) -> float:
    """F1 of one pair's rationale tokens `(tokens,)`; 1 where neither side has any."""
    marked = predicted.sum() + annotated.sum()
    return 1.0 if marked == 0 else float(2 * (predicted & annotated).sum() / marked)


def iou_f1(predicted: np.ndarray, annotated: np.ndarray) -> float:
    """F1 of one pair's spans, matched at an intersection over union of .5, from `(tokens,)`; 1 where there are none."""
    found, true = spans(predicted), spans(annotated)
    if not found or not true:
        return float(found == true)
    matched = np.array([[iou(one, other) >= IOU_THRESHOLD for other in true] for one in found])
    precision, recall = matched.any(axis=1).mean(), matched.any(axis=0).mean()
    return 0.0 if precision + recall == 0 else float(2 * precision * recall / (precision + recall))


def spans(mask: np.ndarray) -> list[tuple[int, int]]:
    """The runs of ones in `mask (tokens,)`, as token positions [start, end)."""
    edges = np.flatnonzero(np.diff(mask, prepend=0, append=0))
    return [(int(start), int(end)) for start, end in list(pairwise(edges))[::2]]


def iou(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Intersection over union of two spans [start, end) of tokens."""
    overlap = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return overlap / (one[1] - one[0] + other[1] - other[0] - overlap)


def _checked(
    predicted: Sequence[Sequence[int]], annotated: Sequence[Sequence[int]]
) -> list[tuple[np.ndarray, np.ndarray]]:
    if len(predicted) != len(annotated) or not len(annotated):
        raise ValueError(
            f"expected as many predicted as annotated pairs, one at least; got {len(predicted)} and {len(annotated)}"
        )
    pairs = [
        (np.asarray(found, dtype=int), np.asarray(true, dtype=int))
        for found, true in zip(predicted, annotated, strict=True)
    ]
    for number, (found, true) in enumerate(pairs):
        if found.shape != true.shape or found.ndim != 1:
            raise ValueError(f"pair {number}: expected labels of the same tokens, got {found.shape} and {true.shape}")
        if not np.isin([*found, *true], (0, 1)).all():
            raise ValueError(f"pair {number}: expected labels 0 and 1, of scored tokens alone; got others")
    return pairs
