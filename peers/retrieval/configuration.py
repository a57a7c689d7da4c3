"""Configuration of the retrieval encoders."""

from typing import Any

from transformers import AutoConfig

from modeling.configuration import EncoderConfig

SIMILARITIES = ("dot", "cosine", "attention")


class RetrievalConfig(EncoderConfig):
    """The encoder's settings and how a context and a response are compared. There is no head: `head_size` and
    `head_dropout` are not used.

    similarity: "dot" product of the vectors as they are pooled, their "cosine", or the cosine after "attention" of the
        response over the context's tokens (peers/retrieval/similarity.py).
    cosine_temperature: what cosines are divided by in the loss, so that a softmax over them can be sharp; dot
        products are not divided. (transformers refuses to save a `temperature`: it is a setting of generation.)
    """

    model_type = "empathy-retrieval"

    def __init__(self, similarity: str = "dot", cosine_temperature: float = 0.05, **kwargs: Any) -> None:
        if similarity not in SIMILARITIES:
            raise ValueError(f"similarity: expected one of {', '.join(SIMILARITIES)}, got {similarity!r}")
        if not cosine_temperature > 0:
            raise ValueError(f"cosine_temperature: expected more than 0, got {cosine_temperature}")
        self.similarity = similarity
        self.cosine_temperature = float(cosine_temperature)
        super().__init__(**kwargs)


AutoConfig.register(RetrievalConfig.model_type, RetrievalConfig, exist_ok=True)
