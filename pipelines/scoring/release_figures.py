"""The figures of a finished release, each with its n and a 95 % interval."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipelines.evaluation.metrics import ece
from pipelines.evaluation.scorers import Scorer
from pipelines.probes.estimates import Estimate, bootstrap, mean_estimate, share_estimate, spearman_estimate, wilson
from pipelines.probes.material import Material
from pipelines.probes.measure import measure_scorer
from pipelines.probes.registry import columns
from pipelines.scoring.calibration import COVERAGE
from pipelines.scoring.reader import Row
from pipelines.scoring.release_data import RatedRows, ReleaseData, dialogue_means
from pipelines.scoring.scorer import EmpathyScorer


def figures(scorer: EmpathyScorer, data: ReleaseData) -> dict[str, Any]:
    """Agreement and coverage on rated validation dialogues, emotion on test turns, abstentions, the probes."""
    return {
        "people": people_figures(scorer, data.valid),
        "emotion": emotion_figures(scorer, data.test),
        "probes": probe_figures(scorer, data.material),
    }


def people_figures(scorer: EmpathyScorer, rated: RatedRows) -> dict[str, Estimate]:
    """Of dialogues, each the mean over its listener turns, against the mean of its ratings."""
    scores = dialogue_means(rated, np.array([one.empathy for one in scorer.score_rows(rated.rows)]))
    ratings, dialogues = np.array(list(rated.ratings.values())), list(rated.ratings)
    intervals = [scorer.checkpoint.calibration.interval(score) for score in scores]
    covered = [low <= rating <= high for (low, high), rating in zip(intervals, ratings, strict=True)]
    return {
        "spearman": spearman_estimate(scores, ratings, dialogues),
        "mae": mean_estimate(np.abs(scores - ratings), dialogues),
        "covered": wilson(sum(covered), len(covered)) | {"nominal": COVERAGE},
    }


def emotion_figures(scorer: EmpathyScorer, rows: Sequence[Row]) -> dict[str, Estimate]:
    """Of turns, resampled by dialogue."""
    scores = scorer.score_rows(rows)
    gold = np.array([row["emotion"] for row in rows])
    dialogues = [row["conv_id"] for row in rows]
    logits = np.log([[max(one.emotions[label], 1e-12) for label in scorer.labels] for one in scores])
    places = np.arange(len(rows))

    def error_of(weights: np.ndarray) -> float:
        drawn = np.repeat(places, weights)
        return ece(logits[drawn], gold[drawn])

    return {
        "accuracy": share_estimate((logits.argmax(axis=1) == gold).astype(float), dialogues),
        "ece": bootstrap(error_of, dialogues),
        "abstained": share_estimate(np.array([float(one.abstain) for one in scores]), dialogues),
    }


def probe_figures(scorer: EmpathyScorer, material: Material) -> list[Mapping[str, Any]]:
    """The columns of the probes' overview: title, form, meaning and figure."""
    record = measure_scorer(as_scorer(scorer, "released"), material)
    return [
        {"title": column.title, "form": column.form, "meaning": column.meaning, "figure": column.read(record)}
        for column in columns()
        if column.headline
    ]


def as_scorer(scorer: EmpathyScorer, name: str) -> Scorer:
    """The scorer as audits and probes take one."""
    return Scorer(name, lambda rows: np.array([one.empathy for one in scorer.score_rows([dict(row) for row in rows])]))
