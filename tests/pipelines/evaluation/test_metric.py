from pathlib import Path

import numpy as np
import pytest

from pipelines.evaluation.metric import EmotionMetric, EmpathyScoreMetric
from pipelines.evaluation.metrics import emotion_metrics, empathy_metrics


def test_empathy_score_metric_over_batches_equals_the_plain_function(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pred, true = rng.uniform(1, 5, 50), rng.uniform(1, 5, 50)
    metric = EmpathyScoreMetric(cache_dir=str(tmp_path))
    for start in range(0, 50, 16):
        metric.add_batch(predictions=pred[start : start + 16], references=true[start : start + 16])
    assert metric.compute() == empathy_metrics(pred, true)


def test_emotion_metric_over_batches_equals_the_plain_function(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    logits, true = rng.normal(size=(50, 32)), rng.integers(0, 32, 50)
    metric = EmotionMetric(cache_dir=str(tmp_path))
    for start in range(0, 50, 16):
        metric.add_batch(predictions=logits[start : start + 16], references=true[start : start + 16])
    assert metric.compute() == emotion_metrics(logits, true)


def test_bad_input_is_refused_as_by_the_plain_function(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 of 2 predicted scores are NaN"):
        EmpathyScoreMetric(cache_dir=str(tmp_path)).compute(predictions=[1.0, float("nan")], references=[1.0, 2.0])
