"""Losses of a rater of text pairs."""

from collections.abc import Callable

import torch
from torch.nn import functional

from modeling.losses import focal_loss

GAMMA = 2.0  # of the focal loss, the value of its paper
MARGIN = 0.5  # distance that pairs of no empathy are pushed to, as sentence-transformers' contrastive loss has it
ALIKE = 0.5  # target from which a pair counts as alike where a loss knows only alike and unlike


def soft_levels(levels: torch.Tensor, num_levels: int) -> torch.Tensor:
    """Soft labels (batch, num_levels) of ordered levels (batch,): softmax of the negative distance to the level.

    Díaz and Marathe 2019, "Soft labels for ordinal regression" (CVPR).
    """
    every = torch.arange(num_levels, device=levels.device)
    return (-(every[None, :] - levels[:, None]).abs().float()).softmax(dim=-1)


def kl_loss(logits: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """KL divergence of the predicted levels from the soft labels. logits: (batch, levels); levels: (batch,)."""
    soft = soft_levels(levels, logits.shape[-1])
    return functional.kl_div(logits.float().log_softmax(dim=-1), soft, reduction="batchmean")


def contrastive_loss(score: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Contrastive loss (Hadsell et al. 2006) at the distance 1 - score, weighted by the target. Both (batch,).

    A pair is drawn together as far as its target (0 to 1) says, and pushed apart to the margin for the rest.
    """
    distance = 1.0 - score.float()
    apart = functional.relu(MARGIN - distance)
    return 0.5 * (target * distance.square() + (1.0 - target) * apart.square()).mean()


def cosine_loss(score: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cosine embedding loss of the cosines `score`: 1 - cosine where the target is at least a half, else the cosine
    above 0. Both (batch,).
    """
    return torch.where(target >= ALIKE, 1.0 - score.float(), functional.relu(score.float())).mean()


CLASSIFICATION_LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "cross_entropy": lambda logits, levels: functional.cross_entropy(logits.float(), levels),
    "focal": lambda logits, levels: focal_loss(logits, levels, GAMMA),
    "kl": kl_loss,
}

REGRESSION_LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "mse": lambda score, target: functional.mse_loss(score.float(), target),
    "mae": lambda score, target: functional.l1_loss(score.float(), target),
    "contrastive": contrastive_loss,
    "cosine": cosine_loss,
}
