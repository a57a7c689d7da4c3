"""What a score adds to a row."""

from typing import Any

from pipelines.scoring.results import Score

ADDED = (
    "empathy",
    "empathy_low",
    "empathy_high",
    "emotion",
    "emotion_probability",
    "emotional_reactions",
    "interpretations",
    "explorations",
    "quality",
    "belonging",
    "occasion",
    "abstain",
    "abstain_reasons",
)


def score_columns(score: Score) -> dict[str, Any]:
    """The values of `ADDED`, plain."""
    levels = {name: mechanism.level for name, mechanism in score.mechanisms.items()}
    return {
        "empathy": score.empathy,
        "empathy_low": score.interval.low,
        "empathy_high": score.interval.high,
        "emotion": score.emotion,
        "emotion_probability": score.emotions[score.emotion],
        **levels,
        "quality": score.quality,
        "belonging": score.belonging,
        "occasion": score.occasion,
        "abstain": score.abstain,
        "abstain_reasons": "; ".join(score.reasons),
    }
