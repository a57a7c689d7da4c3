"""What every model returns."""

from dataclasses import dataclass

import torch
from transformers.utils import ModelOutput


@dataclass
class EmpathyOutput(ModelOutput):
    """Output of every family; `None` where it was not asked for.

    loss: scalar, the family's joint loss over the labels that were given.
    empathy: (batch,) in score units, within the score range in evaluation mode.
    emotion_logits: (batch, num_emotions).
    empathy_loss, emotion_loss, relevance_loss, gate_loss: scalars, the parts of `loss`, unweighted.
    quality: (batch,) what the response is worth in itself, in score units; of a gated cascade, as the next two.
    belonging, occasion: (batch,) 0 to 1, what the response keeps of it because it belongs in its context, and because
        that gives occasion for empathy.
    hidden_states: of the encoder, (batch, length, hidden) each: the embeddings' and every layer's.
    attentions: maps of every layer of the encoder, (batch, heads, length, length): what a token (third place) takes
        from which (fourth).
    """

    loss: torch.Tensor | None = None
    empathy: torch.Tensor | None = None
    emotion_logits: torch.Tensor | None = None
    empathy_loss: torch.Tensor | None = None
    emotion_loss: torch.Tensor | None = None
    relevance_loss: torch.Tensor | None = None
    gate_loss: torch.Tensor | None = None
    quality: torch.Tensor | None = None
    belonging: torch.Tensor | None = None
    occasion: torch.Tensor | None = None
    hidden_states: tuple[torch.Tensor, ...] | None = None
    attentions: tuple[torch.Tensor, ...] | None = None
