"""Losses that pass over absent labels."""

from collections.abc import Callable

import torch
from torch.nn import functional

REGRESSION: dict[str, Callable[..., torch.Tensor]] = {
    "mse": functional.mse_loss,
    "mae": functional.l1_loss,
    "huber": functional.huber_loss,
}


def empathy_loss(empathy: torch.Tensor, labels: torch.Tensor, kind: str) -> torch.Tensor:
    """Regression loss, in score units, over the examples whose label is not NaN; 0 where there is none.

    empathy, labels: (batch,).
    """
    known = ~labels.isnan()
    if not bool(known.any()):
        return empathy.sum() * 0.0
    return REGRESSION[kind](empathy[known].float(), labels[known].float())


def emotion_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy over the examples whose label is not negative; 0 where there is none.

    logits: (batch, num_emotions); labels: (batch,).
    """
    known = labels >= 0
    if not bool(known.any()):
        return logits.sum() * 0.0
    return functional.cross_entropy(logits[known].float(), labels[known])
