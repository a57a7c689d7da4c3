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
    quality, gate: (batch,) what the response is worth in its own context, in score units, and how much of that holds in
        this one, 0 to 1; of a gated cascade.
    """

    loss: torch.Tensor | None = None
    empathy: torch.Tensor | None = None
    emotion_logits: torch.Tensor | None = None
    empathy_loss: torch.Tensor | None = None
    emotion_loss: torch.Tensor | None = None
    relevance_loss: torch.Tensor | None = None
    gate_loss: torch.Tensor | None = None
    quality: torch.Tensor | None = None
    gate: torch.Tensor | None = None
