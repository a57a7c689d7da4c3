"""Scoring replies: `EmpathyScorer` and the types that it returns."""

from typing import TYPE_CHECKING, Any

from pipelines.scoring.results import DialogueScores, Mechanism, Score

if TYPE_CHECKING:
    from pipelines.scoring.scorer import EmpathyScorer

PRECISIONS = ("fp32", "bf16", "int8")

__all__ = ["PRECISIONS", "DialogueScores", "EmpathyScorer", "Mechanism", "Score"]


def __getattr__(name: str) -> Any:
    """The scorer is imported when it is asked for: it brings torch with it, which `--help` does not need."""
    if name == "EmpathyScorer":
        from pipelines.scoring.scorer import EmpathyScorer

        return EmpathyScorer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
