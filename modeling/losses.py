"""Losses that pass over absent labels."""

from collections.abc import Callable

import torch
from torch.nn import functional

SCALE = 20.0  # of cosines, so that a softmax over them can be sharp

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


def relevance_loss(context: torch.Tensor, response: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """Each response against the batch's contexts and each context against its responses; 0 for fewer than two pairs.

    The in-batch softmax of retrieval (Henderson et al. 2017, arXiv:1705.00652), over cosines times SCALE. context,
    response: vectors (batch, hidden); own: (batch,) bool, whether the response was given in that context.
    """
    if int(own.sum()) < 2:
        return context.sum() * 0.0
    first = functional.normalize(context[own].float(), dim=-1)
    second = functional.normalize(response[own].float(), dim=-1)
    scores = SCALE * first @ second.T
    target = torch.arange(len(scores), device=scores.device)
    return (functional.cross_entropy(scores, target) + functional.cross_entropy(scores.T, target)) / 2


def gate_loss(
    logits: torch.Tensor, labels: torch.Tensor, quality: torch.Tensor, whole: torch.Tensor, lowest: float
) -> torch.Tensor:
    """Binary cross-entropy of a gate with how much of its quality a response is worth in its context.

    That is 1 for a pair whose quality holds as a whole, and for another what brings its quality down to its label:
    (label - lowest) / (quality - lowest), from 0 to 1. Pairs without a label are passed over. logits, labels, quality:
    (batch,); whole: (batch,) bool; lowest: the score of an answer that is worth nothing.
    """
    share = ((labels - lowest) / (quality.detach().float() - lowest).clamp(min=1e-3)).clamp(0.0, 1.0)
    target = torch.where(whole, torch.ones_like(share), share)
    known = ~labels.isnan()
    if not bool(known.any()):
        return logits.sum() * 0.0
    return functional.binary_cross_entropy_with_logits(logits[known].float(), target[known])


def emotion_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy over the examples whose label is not negative; 0 where there is none.

    logits: (batch, num_emotions); labels: (batch,).
    """
    known = labels >= 0
    if not bool(known.any()):
        return logits.sum() * 0.0
    return functional.cross_entropy(logits[known].float(), labels[known])


def focal_loss(logits: torch.Tensor, labels: torch.Tensor, eta: float) -> torch.Tensor:
    """Mean of -(1 - p)^eta * log p over the examples whose label is not negative; 0 where there is none.

    p is the probability of the label. The focal loss of Lin et al. 2017 (arXiv:1708.02002), without their class
    weights alpha; their gamma is `eta`. With eta 0 it is the cross-entropy. logits: (batch, classes); labels: (batch,).
    """
    known = labels >= 0
    if not bool(known.any()):
        return logits.sum() * 0.0
    log_p = functional.log_softmax(logits[known].float(), dim=-1).gather(1, labels[known][:, None]).squeeze(1)
    # Away from 0, where the power has no finite gradient for an eta below 1.
    missing = (-log_p.expm1()).clamp(min=1e-8)
    return -(missing**eta * log_p).mean()
