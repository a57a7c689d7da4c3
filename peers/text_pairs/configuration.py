"""Configuration of the raters of text pairs."""

from typing import Any

from transformers import AutoConfig

from modeling.configuration import EncoderConfig

ENCODINGS = ("bi", "cross")
CLASSIFICATION = ("cross_entropy", "focal", "kl")
REGRESSION = ("mse", "mae", "contrastive", "cosine")


class TextPairsConfig(EncoderConfig):
    """The encoder's settings, how a pair is read, and the loss.

    encoding: "bi", each text read alone; "cross", both as one sequence.
    objective: a loss of classification ("cross_entropy", "focal", "kl") or of regression ("mse", "mae", "contrastive",
        "cosine"; the last compares two embeddings and so needs a bi-encoder). It decides what the network gives.
    num_levels: classes of a classification.
    first_score: what the cross-encoder's regression predicts before training, set to the mean of the training targets.
    """

    model_type = "empathy-text-pairs"

    def __init__(
        self,
        encoding: str = "cross",
        objective: str = "cross_entropy",
        num_levels: int = 4,
        first_score: float = 0.5,
        **kwargs: Any,
    ) -> None:
        if encoding not in ENCODINGS:
            raise ValueError(f"encoding: expected one of {', '.join(ENCODINGS)}, got {encoding!r}")
        known = [name for name in CLASSIFICATION + REGRESSION if encoding == "bi" or name != "cosine"]
        if objective not in known:
            raise ValueError(f"objective: expected one of {', '.join(known)} for {encoding}, got {objective!r}")
        if num_levels < 2:
            raise ValueError(f"num_levels: expected 2 or more, got {num_levels}")
        self.encoding, self.objective = encoding, objective
        self.num_levels, self.first_score = int(num_levels), float(first_score)
        super().__init__(**kwargs)

    @property
    def classifies(self) -> bool:
        """Whether the network gives classes; a score from 0 to 1 otherwise."""
        return self.objective in CLASSIFICATION


AutoConfig.register(TextPairsConfig.model_type, TextPairsConfig, exist_ok=True)
