"""Dropout for training on a CPU, where torch draws it one number of double precision at a time.

With torch's own, drawing takes a fifth of a training step of a small encoder, and scaled dot products that drop out are
computed in fp32 throughout (`benchmarks/training_step.py`). Here sixteen random bits decide on each value. On any other
device these are torch's own.
"""

from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION = "sdpa_dropout"  # the name that `attend` goes by in transformers
PER_WORD = 4  # values that one random word of 64 bits decides on
STEPS = 2**16  # of a probability


def drop(states: torch.Tensor, probability: float) -> torch.Tensor:
    """States of any shape with each value 0 at the probability, which is rounded to 1/65,536, else scaled up for it."""
    if states.device.type != "cpu":
        return functional.dropout(states, probability)
    threshold = round(probability * STEPS)
    words = torch.empty(-(-states.numel() // PER_WORD), dtype=torch.int64).random_(-(2**63), None)
    kept = words.view(torch.int16)[: states.numel()] >= threshold - STEPS // 2
    # Numbers, since a product with a boolean takes five times as long; bytes on the way, for the same reason.
    kept = kept.view(torch.uint8).to(states.dtype).view(states.shape)
    return states * kept * (STEPS / (STEPS - threshold))


class Dropout(nn.Dropout):
    """As torch's, by `drop`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Of any shape; unchanged outside training."""
        return drop(input, self.p) if self.training and self.p else input


def attend(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention as transformers calls it: torch's scaled dot products, but those that drop out on a CPU.

    query, key, value: (batch, heads, length, size); attention_mask: (batch, 1, length, length), True where a token sees
    another, and every token sees one. Gives (batch, length, heads, size).
    """
    if not dropout or query.device.type != "cpu":
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout, scaling, **kwargs)
    scores = (query * (query.shape[-1] ** -0.5 if scaling is None else scaling)) @ key.transpose(-1, -2)
    if attention_mask is not None:
        # Added, since filling takes six times as long.
        scores = scores + torch.zeros_like(attention_mask, dtype=scores.dtype).masked_fill_(~attention_mask, -torch.inf)
    weights = drop(scores.softmax(dim=-1), dropout)
    return (weights @ value).transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)


def use_dropout(backbone: PreTrainedModel) -> None:
    """Let a backbone that was built with attention `ATTENTION` drop out by this file everywhere else, too."""
    for name, module in list(backbone.named_modules()):
        if type(module) is nn.Dropout:
            backbone.set_submodule(name, Dropout(module.p))
