"""The cascaded label signal network: empathy direction and empathetic intent of a sentence, each helping the other."""

from dataclasses import dataclass

import torch
from torch import nn
from transformers import AutoModel
from transformers import initialization as init
from transformers.utils import ModelOutput

from modeling.base import EncoderModel
from modeling.heads import Head
from modeling.losses import focal_loss
from modeling.views import FULL_DIALOGUE
from peers.clsn.configuration import CLSNConfig
from peers.clsn.interaction import InteractiveAttention, LabelSignal


@dataclass
class DirectionOutput(ModelOutput):
    """What the network returns; `None` where it was not asked for, or is about intents that a baseline does not learn.

    loss: scalar, L_direction + intent_weight * L_intent over the labels that were given.
    direction_loss, intent_loss: scalars, the parts of `loss`, unweighted.
    direction_logits: (batch, num_directions).
    intent_logits: (batch, num_intents).
    pooled: (batch, hidden), the direction's vector that its classifier reads.
    """

    loss: torch.Tensor | None = None
    direction_loss: torch.Tensor | None = None
    intent_loss: torch.Tensor | None = None
    direction_logits: torch.Tensor | None = None
    intent_logits: torch.Tensor | None = None
    pooled: torch.Tensor | None = None


def max_over_tokens(states: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Highest value of each unit (batch, hidden) over the tokens of states (batch, length, hidden) that are inside."""
    return states.masked_fill(~inside[..., None], float("-inf")).amax(dim=1)


class CLSNModel(EncoderModel):
    """Direction and intent of a sentence, after "Empathy Intent Drives Empathy Detection" (Jiang et al. 2023, EMNLP).

    The encoder's token states are projected once for each task; the projections attend over each other layer by layer
    (cascaded interactive attention); what both tasks then predict is handed back to the states (label signal
    enhancement); the highest value over the tokens goes to one classifier each.

    Where the description leaves a choice, the plain one is taken. A projection is one linear layer, at first the
    identity: what the encoder gives, which a few thousand sentences would not learn again. An attention block
    has no feed-forward part; its queries, keys and values are the states that the block before it gave. The
    predictions that make the signal are of the task's own classifier, read before the enhancement, so that they are
    predictions of the label without a loss of their own. All attention has as many heads as the encoder's.
    """

    config_class = CLSNConfig

    def __init__(self, config: CLSNConfig) -> None:
        super().__init__(config)
        of_encoder = self.encoder.backbone.config
        hidden, heads = of_encoder.hidden_size, of_encoder.num_attention_heads
        self.direction_projection = nn.Linear(hidden, hidden)
        self.intent_projection = nn.Linear(hidden, hidden)
        layers = config.attention_layers if config.cascaded_attention else 0
        self.cascaded_attention = nn.ModuleList(InteractiveAttention(hidden, heads) for _ in range(layers))
        self.label_signal: LabelSignal | None = None
        if config.label_signal:
            self.label_signal = LabelSignal(hidden, heads, config.num_directions, config.num_intents)
        width = config.head_size or hidden
        self.direction_head = Head(hidden, width, config.num_directions, config.head_dropout)
        self.intent_head = Head(hidden, width, config.num_intents, config.head_dropout)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if module is self.direction_projection or module is self.intent_projection:
            init.eye_(module.weight)
            init.zeros_(module.bias)
        else:
            super()._init_weights(module)

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
        embeddings: of the words (batch, length, hidden), in place of input_ids.
        """
        inside = view_ids == FULL_DIALOGUE
        hidden = self.encoder(input_ids, view_ids, embeddings)
        of_direction, of_intent = self.direction_projection(hidden), self.intent_projection(hidden)
        for layer in self.cascaded_attention:
            of_direction, of_intent = layer(of_direction, of_intent, inside)
        if self.label_signal is not None:
            direction_logits = self.direction_head(max_over_tokens(of_direction, inside))
            intent_logits = self.intent_head(max_over_tokens(of_intent, inside))
            signals = self.label_signal.signals(direction_logits, intent_logits)
            of_direction, of_intent = self.label_signal(of_direction, of_intent, signals)
        pooled = max_over_tokens(of_direction, inside)
        output = DirectionOutput(
            direction_logits=self.direction_head(pooled),
            intent_logits=self.intent_head(max_over_tokens(of_intent, inside)),
            pooled=pooled,
        )
        return self._with_loss(output, direction, intent)

    def _with_loss(
        self, output: DirectionOutput, direction: torch.Tensor | None, intent: torch.Tensor | None
    ) -> DirectionOutput:
        assert output.direction_logits is not None and output.intent_logits is not None
        eta = self.config.eta if self.config.loss == "focal" else 0.0
        parts: list[torch.Tensor] = []
        if direction is not None:
            output.direction_loss = focal_loss(output.direction_logits, direction, eta)
            parts.append(output.direction_loss)
        if intent is not None:
            output.intent_loss = focal_loss(output.intent_logits, intent, eta)
            parts.append(self.config.intent_weight * output.intent_loss)
        if parts:
            output.loss = torch.stack(parts).sum()
        return output


AutoModel.register(CLSNConfig, CLSNModel, exist_ok=True)
