"""What a made-up pair is worth, on the scale from 1 to 5: the one place where these figures are set."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from pipelines.errors import UserError

LOWEST, HIGHEST = 1.0, 5.0


@dataclass
class TargetSettings:
    """Scores of the augmentation's rows, on the scale from 1 to 5.

    Args:
        swap_different_emotion: score of a response from a dialogue of another emotion.
        swap_same_emotion: score of a response from another dialogue of the same emotion.
        phrase_in_unrelated: score of another dialogue's response with an empathic phrase put in.
        phrase_in_neutral: score of an everyday answer to an everyday message, with and without a phrase.
        polarity_contradiction: score of a response whose polarity was turned round.
        removed_sentence_costs: points that a response loses with its empathic sentences (not below 1).
        generic_reply_at_most: highest score of a reply that fits anywhere; a true pair's lower score stays.
    """

    swap_different_emotion: float = 1.4
    swap_same_emotion: float = 1.8
    phrase_in_unrelated: float = 1.4
    phrase_in_neutral: float = 1.4
    polarity_contradiction: float = 1.3
    removed_sentence_costs: float = 0.5
    generic_reply_at_most: float = 2.5

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            low, high = (0.0, HIGHEST - LOWEST) if name == "removed_sentence_costs" else (LOWEST, HIGHEST)
            if not low <= value <= high:
                raise UserError(
                    f"data.augmentation.targets.{name}: expected points from {low:g} to {high:g}, got {value}"
                )


@dataclass(frozen=True)
class Target:
    """How a new pair's score follows from the true pair's: in words, and as (true score, settings) -> new score."""

    words: str
    score: Callable[[float, TargetSettings], float]
