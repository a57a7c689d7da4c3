import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, top_k_accuracy_score

from pipelines.evaluation.metrics import EMOTION_METRICS, EMPATHY_METRICS, PER_EXAMPLE, emotion_metrics, empathy_metrics

PRED = np.array([1.2, 2.9, 3.1, 4.6, 2.2])
TRUE = np.array([1.0, 3.0, 4.0, 5.0, 2.0])


def test_empathy_metrics_equal_hand_computed_figures() -> None:
    figures = empathy_metrics(PRED, TRUE)
    assert figures["n"] == 5
    assert figures["mae"] == pytest.approx((0.2 + 0.1 + 0.9 + 0.4 + 0.2) / 5)
    assert figures["mse"] == pytest.approx((0.04 + 0.01 + 0.81 + 0.16 + 0.04) / 5)
    assert figures["spearman"] == pytest.approx(1.0)
    # Rounded: 1 3 3 5 2 against 1 3 4 5 2. Squared disagreement 1; by chance the sum over pairs (p - t)^2 / 5 = 19:
    # 5 * (variances 1.76 + 2, squared difference of the means .04).
    assert figures["qwk"] == pytest.approx(1 - 1 / 19)


def test_correlations_equal_scipy_with_ties_and_in_float32() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(1, 6, 500).astype(np.float32)
    pred = (true + rng.normal(0, 1.5, 500)).round(1).astype(np.float32)
    figures = empathy_metrics(pred, true)
    assert figures["pearson"] == pytest.approx(stats.pearsonr(pred.astype(float), true).statistic, abs=1e-12)
    assert figures["spearman"] == pytest.approx(stats.spearmanr(pred, true).statistic, abs=1e-12)


def test_halves_round_upwards_and_scores_are_cut_to_the_scale() -> None:
    figures = empathy_metrics(np.array([2.5, 0.2, 7.0]), np.array([3.0, 1.0, 5.0]))
    assert figures["qwk"] == pytest.approx(1.0)


def test_undefined_metrics_are_none() -> None:
    figures = empathy_metrics(np.full(4, 3.0), np.array([1.0, 2.0, 3.0, 5.0]))
    assert figures["pearson"] is None
    assert figures["spearman"] is None
    assert figures["qwk"] == pytest.approx(0.0)
    assert empathy_metrics(np.array([3.1]), np.array([3.0]))["qwk"] is None


def test_emotion_metrics_equal_hand_computed_figures() -> None:
    probabilities = np.array([[0.70, 0.20, 0.10], [0.30, 0.60, 0.10], [0.25, 0.35, 0.40], [0.72, 0.08, 0.20]])
    figures = emotion_metrics(np.log(probabilities) + 7.0, np.array([0, 1, 1, 2]))
    assert figures["n"] == 4
    assert figures["accuracy"] == 0.5
    # Predicted 0 1 2 0. F1: class 0 2/3, class 1 2/3, class 2 0.
    assert figures["macro_f1"] == pytest.approx(4 / 9)
    # .70 and .72 share the bin (.667, .733]: 1 hit against 1.42; .60 alone: 1 against .6; .40 alone: 0 against .4.
    assert figures["ece"] == pytest.approx((0.42 + 0.4 + 0.4) / 4)
    assert figures["top5"] == 1.0


def test_emotion_metrics_equal_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    logits, true = rng.normal(size=(400, 32)), rng.integers(0, 32, 400)
    figures = emotion_metrics(logits, true)
    assert figures["accuracy"] == pytest.approx(accuracy_score(true, logits.argmax(1)))
    assert figures["top5"] == pytest.approx(top_k_accuracy_score(true, logits, k=5, labels=np.arange(32)))


def test_ece_bins_equal_a_loop_over_bins() -> None:
    rng = np.random.default_rng(2)
    logits, true = 2 * rng.normal(size=(300, 8)), rng.integers(0, 8, 300)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    total = 0.0
    for low in np.arange(15) / 15:
        inside = (p.max(1) > low) & (p.max(1) <= low + 1 / 15)
        if inside.any():
            total += inside.mean() * abs((p.argmax(1) == true)[inside].mean() - p.max(1)[inside].mean())
    assert emotion_metrics(logits, true)["ece"] == pytest.approx(total)


def test_registries_name_what_is_returned_and_means_are_means() -> None:
    assert list(empathy_metrics(PRED, TRUE)) == [*EMPATHY_METRICS, "n"]
    rng = np.random.default_rng(3)
    logits, classes = rng.normal(size=(60, 9)), rng.integers(0, 9, 60)
    assert list(emotion_metrics(logits, classes)) == [*EMOTION_METRICS, "n"]
    for name, figure in PER_EXAMPLE.items():
        pred, true = (PRED, TRUE) if name in EMPATHY_METRICS else (logits, classes)
        function, direction = (EMPATHY_METRICS | EMOTION_METRICS)[name]
        assert figure(pred, true).mean() == pytest.approx(function(pred, true))
        assert direction == ("min" if name in ("mae", "mse") else "max")


@pytest.mark.parametrize(
    ("pred", "true", "message"),
    [
        ([], [], "at least one predicted and one true score; got none"),
        ([1.0, 2.0], [1.0], r"as many predicted as true scores.*\(2,\) and \(1,\)"),
        ([[1.0], [2.0]], [1.0, 2.0], r"got \(2, 1\) and \(2,\)"),
        ([1.0, np.nan], [1.0, 2.0], "1 of 2 predicted scores are NaN or infinite"),
        ([1.0, 2.0], [np.nan, np.nan], "2 of 2 true scores are NaN"),
    ],
)
def test_bad_scores_are_refused(pred: list[float], true: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        empathy_metrics(np.array(pred), np.array(true))


@pytest.mark.parametrize(
    ("logits", "true", "message"),
    [
        (np.zeros((0, 3)), np.zeros(0), "at least one example; got none"),
        (np.zeros((2, 3)), np.zeros(3), r"got \(2, 3\) and \(3,\)"),
        (np.zeros(3), np.zeros(3), r"got \(3,\) and \(3,\)"),
        (np.array([[0.0, np.nan], [0.0, 1.0]]), np.zeros(2), "1 of 2 rows hold NaN"),
        (np.zeros((2, 3)), np.array([0, 3]), "from 0 to 2; got some from 0 to 3"),
        (np.zeros((2, 3)), np.array([0.0, np.nan]), "NaN or fractions"),
    ],
)
def test_bad_logits_are_refused(logits: np.ndarray, true: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        emotion_metrics(logits, true)
