"""The baselines of the cascaded label signal network, on the same input and with the same output."""

import torch
from torch import nn
from transformers import AutoModel

from modeling.base import EncoderModel
from modeling.heads import Head
from modeling.losses import emotion_loss as cross_entropy
from modeling.views import FULL_DIALOGUE
from peers.clsn.model import DirectionOutput
from peers.clsn_baselines.co_gat import CoGAT
from peers.clsn_baselines.configuration import CLSNBaselinesConfig
from peers.clsn_baselines.dcr_net import DCRNet
from peers.clsn_baselines.joint_id_sf import JointIDSF


def _interaction(config: CLSNBaselinesConfig, hidden: int, heads: int) -> nn.Module | None:
    """What makes a vector for each task of the token states; None where both tasks read one pooled vector."""
    if config.kind == "joint_id_sf":
        return JointIDSF(hidden)
    if config.kind == "dcr_net":
        return DCRNet(hidden)
    return CoGAT(hidden, heads) if config.kind == "co_gat" else None


class CLSNBaselinesModel(EncoderModel):
    """Direction and, but for "single_task", intent of a sentence: the comparison of Jiang et al. 2023 (EMNLP).

    All kinds read the encoder's token states, have a classifier for each of their tasks, and minimise cross-entropy.
    """

    config_class = CLSNBaselinesConfig

    def __init__(self, config: CLSNBaselinesConfig) -> None:
        super().__init__(config)
        of_encoder = self.encoder.backbone.config
        hidden = of_encoder.hidden_size
        self.interaction = _interaction(config, hidden, of_encoder.num_attention_heads)
        width = config.head_size or hidden
        self.direction_head = Head(hidden, width, config.num_directions, config.head_dropout)
        self.intent_head: Head | None = None
        if config.kind != "single_task":
            self.intent_head = Head(hidden, width, config.num_intents, config.head_dropout)
        self.post_init()

    def forward(
        self,
        input_ids: torch.Tensor | None,
        view_ids: torch.Tensor,
        direction: torch.Tensor | None = None,
        intent: torch.Tensor | None = None,
        embeddings: torch.Tensor | None = None,
    ) -> DirectionOutput:
        """Direction and intent of a batch of sentences, each the FULL_DIALOGUE view of its row.

        input_ids, view_ids: (batch, length); direction, intent: (batch,) classes, or negative where unlabelled;
        "single_task" passes over the intent; embeddings: of the words (batch, length, hidden), in place of input_ids.
        """
        hidden = self.encoder(input_ids, view_ids, embeddings)
        if self.interaction is None:
            of_direction = of_intent = self.pool(hidden, view_ids, FULL_DIALOGUE)
        else:
            of_direction, of_intent = self.interaction(hidden, view_ids == FULL_DIALOGUE)
        direction_logits = self.direction_head(of_direction)
        output = DirectionOutput(direction_logits=direction_logits, pooled=of_direction)
        parts: list[torch.Tensor] = []
        if direction is not None:
            output.direction_loss = cross_entropy(direction_logits, direction)
            parts.append(output.direction_loss)
        if self.intent_head is not None:
            intent_logits = output.intent_logits = self.intent_head(of_intent)
            if intent is not None:
                output.intent_loss = cross_entropy(intent_logits, intent)
                parts.append(self.config.intent_weight * output.intent_loss)
        if parts:
            output.loss = torch.stack(parts).sum()
        return output


AutoModel.register(CLSNBaselinesConfig, CLSNBaselinesModel, exist_ok=True)
