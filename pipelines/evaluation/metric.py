"""The metrics as `evaluate.Metric`s of our own, for code that speaks that interface; nothing is fetched from a hub."""

from typing import Any

import datasets
import evaluate
import numpy as np

from pipelines.evaluation.metrics import emotion_metrics, empathy_metrics


class EmpathyScoreMetric(evaluate.Metric):
    """MAE, MSE, Pearson, Spearman and QWK of empathy scores, over all batches at once.

    `add_batch(predictions=(batch,), references=(batch,))` in score units, then `compute()`, which returns what
    `empathy_metrics` returns on all of them and raises what it raises.
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="Agreement of predicted with true empathy scores.",
            citation="",
            inputs_description="predictions and references: empathy scores from 1 to 5.",
            features=datasets.Features({name: datasets.Value("float64") for name in ("predictions", "references")}),
        )

    def _compute(self, predictions: Any, references: Any) -> dict[str, float | None]:
        return empathy_metrics(np.asarray(predictions), np.asarray(references))


class EmotionMetric(evaluate.Metric):
    """Accuracy, top-5, macro-F1 and ECE of emotion logits, over all batches at once.

    `add_batch(predictions=(batch, classes), references=(batch,))`, then `compute()`, which returns what
    `emotion_metrics` returns on all of them and raises what it raises.
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="Agreement of predicted emotion logits with true emotions.",
            citation="",
            inputs_description="predictions: logits of all classes; references: the number of the true class.",
            features=datasets.Features(
                {"predictions": datasets.List(datasets.Value("float64")), "references": datasets.Value("int64")}
            ),
        )

    def _compute(self, predictions: Any, references: Any) -> dict[str, float | None]:
        return emotion_metrics(np.asarray(predictions), np.asarray(references))
