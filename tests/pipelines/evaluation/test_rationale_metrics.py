"""Rationale metrics, by hand."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from pipelines.evaluation.rationale_metrics import iou_f1, rationale_metrics, spans, token_f1

PREDICTED = [
    [0, 1, 1, 1, 0, 0, 1, 0],  # spans 1-3 and 6
    [0, 0, 0],
    [1, 0],
    [0, 0, 0, 0],
]
ANNOTATED = [
    [0, 0, 1, 1, 0, 0, 0, 1],  # spans 2-3 and 7
    [0, 0, 0],
    [0, 0],
    [1, 1, 0, 0],
]
# Pair 0: tokens 2 right of 4 predicted, of 3 annotated: F1 4/7. Spans: 2/3 in common, then none; P = R = 1/2: F1 1/2.
# Pairs 1, 2, 3: none on either side 1; one predicted where there is none 0; none predicted where there is one 0.


def test_all_pairs() -> None:
    figures = rationale_metrics(PREDICTED, ANNOTATED)
    assert figures == {
        "token_f1": pytest.approx((4 / 7 + 1 + 0 + 0) / 4),
        "iou_f1": pytest.approx((1 / 2 + 1 + 0 + 0) / 4),
        "n": 4,
        "with_rationale": 2,
    }


def test_pairs_with_a_rationale() -> None:
    figures = rationale_metrics(PREDICTED, ANNOTATED, over="with_rationale")
    assert figures == {
        "token_f1": pytest.approx(4 / 7 / 2),
        "iou_f1": pytest.approx(1 / 2 / 2),
        "n": 2,
        "with_rationale": 2,
    }
    none = rationale_metrics([[0, 1]], [[0, 0]], over="with_rationale")
    assert none == {"token_f1": None, "iou_f1": None, "n": 0, "with_rationale": 0}


def test_never_predicting_one_gets_the_share_of_pairs_without() -> None:
    annotated = [[0, 1]] * 3 + [[0, 0]] * 7
    figures = rationale_metrics([[0, 0]] * 10, annotated)
    assert figures["token_f1"] == figures["iou_f1"] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("predicted", "annotated", "expected"),
    [
        ([1, 1, 0, 0], [1, 1, 0, 0], 1.0),
        ([1, 1, 0, 0], [1, 1, 1, 1], 1.0),  # 2/4 is enough
        ([1, 0, 0, 0], [1, 1, 1, 0], 0.0),  # 1/3 is not
        ([0, 0, 1, 1], [1, 1, 0, 0], 0.0),
        ([1, 1, 0, 1], [1, 1, 0, 0], 2 / 3),  # P 1/2, R 1
        ([1, 1, 0, 0, 0, 0], [1, 1, 0, 1, 0, 1], 1 / 2),  # P 1, R 1/3
        ([1, 1, 1, 1, 1, 1], [1, 1, 0, 1, 1, 0], 0.0),  # one span of six: 2/6 with each
        ([], [], 1.0),
    ],
)
def test_spans_are_matched_at_half(predicted: list[int], annotated: list[int], expected: float) -> None:
    assert iou_f1(np.array(predicted, dtype=int), np.array(annotated, dtype=int)) == pytest.approx(expected)


def test_spans_of_a_mask() -> None:
    assert spans(np.array([1, 1, 0, 1, 0, 0, 1])) == [(0, 2), (3, 4), (6, 7)]
    assert spans(np.array([0, 0])) == []


def test_token_f1_is_scikit_learn_s() -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        predicted, annotated = random.integers(0, 2, (2, 12))
        assert token_f1(predicted, annotated) == pytest.approx(f1_score(annotated, predicted))


@pytest.mark.parametrize(
    ("predicted", "annotated", "over", "message"),
    [
        ([[0]], [[0]], "some", "over: expected one of all, with_rationale, got 'some'"),
        ([[0]], [[0], [1]], "all", "expected as many predicted as annotated pairs, one at least; got 1 and 2"),
        ([], [], "all", "one at least; got 0 and 0"),
        ([[0], [0, 1]], [[0], [0]], "all", r"pair 1: expected labels of the same tokens, got \(2,\) and \(1,\)"),
        ([[0]], [[-100]], "all", "pair 0: expected labels 0 and 1, of scored tokens alone; got others"),
    ],
)
def test_what_is_refused(predicted: list, annotated: list, over: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rationale_metrics(predicted, annotated, over)
