"""Attention: which implementations keep the views of a row apart, and one with dropout for training on a CPU.

torch's scaled dot products that drop out are computed in fp32 throughout on a CPU (`benchmarks/training_step.py`). On
any other device, and without dropout, these are torch's own.
"""

from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from modeling.dropout import Dropout, drop

ATTENTION = "sdpa_dropout"  # the name that `attend` goes by in transformers
IMPLEMENTATIONS = (ATTENTION, "sdpa", "eager")  # that a mask a pair of tokens can be handed to


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
        # Added, since filling the scores themselves takes more than twice as long.
        scores = scores + torch.zeros_like(attention_mask, dtype=scores.dtype).masked_fill_(~attention_mask, -torch.inf)
    weights = drop(scores.softmax(dim=-1), dropout)
    return (weights @ value).transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)


def check_attention(implementation: str) -> str:
    """The name of an implementation as it is. Raises ValueError for one that would let views see each other."""
    if implementation not in IMPLEMENTATIONS:
        raise ValueError(
            f"attn_implementation: expected one of {', '.join(IMPLEMENTATIONS)}, which keep the views of a row apart, "
            f"got {implementation!r}"
        )
    return implementation


def attention_mask(seen: torch.Tensor, implementation: str, dtype: torch.dtype) -> torch.Tensor:
    """Which token sees which, (batch, 1, length, length) bool, as an implementation takes it.

    dtype: of the encoder's weights. Raises ValueError for an implementation that would let views see each other.
    """
    if check_attention(implementation) != "eager":
        return seen
    # Added to the scores: True and False would be 1 and 0.
    return torch.zeros_like(seen, dtype=dtype).masked_fill_(~seen, torch.finfo(dtype).min)


def use_dropout(backbone: PreTrainedModel) -> None:
    """Let a backbone that was built with attention `ATTENTION` drop out by modeling/dropout.py everywhere else, too."""
    for name, module in list(backbone.named_modules()):
        if type(module) is nn.Dropout:
            backbone.set_submodule(name, Dropout(module.p))
