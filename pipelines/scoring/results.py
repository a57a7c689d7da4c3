"""What a scorer returns."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


class Interval(NamedTuple):
    """Lowest and highest rating that is expected."""

    low: float
    high: float


@dataclass(frozen=True)
class Mechanism:
    """An EPITOME mechanism (Sharma et al. 2020, arXiv:2009.08441).

    level: the likeliest of 0 none, 1 weak, 2 strong. probabilities: of the three levels.
    """

    level: int
    probabilities: tuple[float, float, float]


@dataclass(frozen=True)
class Score:
    """How empathic a reply is in its context.

    empathy: 1 to 5. interval: where a person's rating of a dialogue with this score lies in `coverage` of cases.
    emotion: the likeliest of the speaker's 32 emotions; emotions: their probabilities, the likeliest first.
    mechanisms: emotional_reactions, interpretations and explorations of the reply.
    quality, belonging, occasion: empathy = 1 + (quality - 1) * belonging * occasion: what the reply is worth in itself,
        1 to 5, and what it keeps of that because it belongs here, and because this calls for empathy, 0 to 1.
    abstain: whether the score should not be used; reasons: why, in words, empty where it may be.
    """

    empathy: float
    interval: Interval
    coverage: float
    emotion: str
    emotions: Mapping[str, float]
    mechanisms: Mapping[str, Mechanism]
    quality: float
    belonging: float
    occasion: float
    reasons: tuple[str, ...] = ()

    @property
    def abstain(self) -> bool:
        return bool(self.reasons)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        mechanisms = {
            name: {"level": one.level, "probabilities": list(one.probabilities)}
            for name, one in self.mechanisms.items()
        }
        plain = asdict(self) | {"abstain": self.abstain, "mechanisms": mechanisms}
        return plain | {"interval": list(self.interval), "reasons": list(self.reasons)}


@dataclass(frozen=True)
class DialogueScores:
    """The listener's turns of a dialogue. turns: their places in it, from 0; scores: one each."""

    turns: tuple[int, ...]
    scores: tuple[Score, ...]

    @property
    def trajectory(self) -> tuple[float, ...]:
        """The empathy of each listener turn, in order."""
        return tuple(score.empathy for score in self.scores)

    @property
    def mean(self) -> float:
        """The dialogue's score: the mean over its listener turns, which is what was compared with people."""
        return sum(self.trajectory) / len(self.trajectory)


def describe(score: Score) -> str:
    """A score in a few lines, for a terminal."""
    emotions = ", ".join(f"{name} {share:.2f}" for name, share in list(score.emotions.items())[:3])
    levels = ", ".join(f"{name.replace('_', ' ')} {one.level}" for name, one in score.mechanisms.items())
    low, high = score.interval
    lines = [
        f"empathy    {score.empathy:.2f} of 5   [{low:.1f}, {high:.1f}] holds {score.coverage:.0%} of people's ratings",
        f"           in itself {score.quality:.2f}, belongs here {score.belonging:.2f}, occasion {score.occasion:.2f}",
        f"emotion    {emotions}",
        f"mechanisms {levels}   (0 none, 1 weak, 2 strong)",
    ]
    return "\n".join([*lines, *(f"abstain    {reason}" for reason in score.reasons)])
