"""Scoring replies: `EmpathyScorer` and the types that it returns."""

from pipelines.scoring.results import DialogueScores, Mechanism, Score
from pipelines.scoring.scorer import EmpathyScorer

__all__ = ["DialogueScores", "EmpathyScorer", "Mechanism", "Score"]
