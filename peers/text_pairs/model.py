"""Bi-encoder and cross-encoder over a pair of texts."""

from dataclasses import dataclass

import torch
from torch.nn import functional
from transformers import AutoModel
from transformers.utils import ModelOutput

from modeling.base import EncoderModel
from modeling.heads import EmpathyHead, Head
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from peers.text_pairs.configuration import TextPairsConfig
from peers.text_pairs.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES


@dataclass
class TextPairsOutput(ModelOutput):
    """Output of a rater of text pairs.

    loss: scalar, None without labels. logits: (batch, num_levels), of a classification. score: (batch,), of a
    regression, trained towards 0 to 1 and unbounded; a bi-encoder's is a cosine.
    """

    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    score: torch.Tensor | None = None


class TextPairsModel(EncoderModel):
    """How empathic the second text is towards the first.

    A bi-encoder reads each text alone; a classification reads both embeddings side by side, a regression their cosine
    (Reimers and Gurevych 2019, arXiv:1908.10084). A cross-encoder reads both as one sequence.
    """

    config_class = TextPairsConfig

    def __init__(self, config: TextPairsConfig) -> None:
        super().__init__(config)
        hidden = self.encoder.backbone.config.hidden_size
        width, dropout = config.head_size or hidden, config.head_dropout
        texts = 2 if config.encoding == "bi" else 1
        self.level_head = Head(texts * hidden, width, config.num_levels, dropout) if config.classifies else None
        scored = not config.classifies and config.encoding == "cross"
        self.score_head = EmpathyHead(hidden, width, dropout, config.first_score) if scored else None
        self.post_init()

    @property
    def views(self) -> tuple[int, ...]:
        """The views of a row: each text a view of its own, or both in one."""
        return (CONTEXT, RESPONSE) if self.config.encoding == "bi" else (FULL_DIALOGUE,)

    def forward(
        self,
        input_ids: torch.Tensor,
        view_ids: torch.Tensor,
        level: torch.Tensor | None = None,
        target: torch.Tensor | None = None,
    ) -> TextPairsOutput:
        """Levels or scores of packed rows (batch, length).

        level: (batch,) classes, which a classification is trained on; target: (batch,) 0 to 1, which a regression is.
        """
        hidden = self.encoder(input_ids, view_ids)
        vectors = [self.pool(hidden, view_ids, view) for view in self.views]
        if self.level_head is not None:
            logits = self.level_head(torch.cat(vectors, dim=-1))
            loss = None if level is None else CLASSIFICATION_LOSSES[self.config.objective](logits, level)
            return TextPairsOutput(loss=loss, logits=logits)
        if self.score_head is not None:
            score = self.score_head(vectors[0])
        else:
            score = functional.cosine_similarity(vectors[0], vectors[1])
        loss = None if target is None else REGRESSION_LOSSES[self.config.objective](score, target)
        return TextPairsOutput(loss=loss, score=score)


AutoModel.register(TextPairsConfig, TextPairsModel, exist_ok=True)
