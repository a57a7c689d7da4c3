"""What a score adds to a row."""

import json
from typing import Any

from pipelines.errors import UserError
from pipelines.scoring.results import Score
from pipelines.scoring.turns import Context

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


def context_of(value: Any) -> Context:
    """The context in a cell: turns, or a text, which may be the JSON of turns. Raises UserError where it is neither."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value  # a text that starts with a bracket
    if value is None:
        raise UserError("context: expected a text or turns, got nothing")
    return value
