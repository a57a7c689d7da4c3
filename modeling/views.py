"""Packed views: which token belongs to which view, which tokens it sees, where it stands, and how a view is pooled."""

from typing import Any

import torch
from torch.nn import functional

# Values of `view_ids`; 0 marks padding.
CONTEXT = 1
FULL_DIALOGUE = 2
# The response apart from the rest of the full dialogue: its tokens see themselves alone, the full dialogue's see them.
RESPONSE = 3


def segment_positions(view_ids: torch.Tensor) -> torch.Tensor:
    """Position of each token within its view: (batch, length) of 0, 1, 2, ..., 0 throughout padding.

    view_ids: (batch, length). Made of operators that ONNX has, which `cummax` is not.
    """
    index = torch.arange(view_ids.shape[1], device=view_ids.device)
    changes = functional.pad((view_ids[:, 1:] != view_ids[:, :-1]).long(), (1, 0))
    segments = changes.cumsum(dim=1)  # which stretch of one view a token is in: 0, 1, ...
    starts = torch.zeros_like(segments).scatter_add(1, segments, index * changes)
    # Padding may run on for longer than the encoder has positions for.
    return (index - starts.gather(1, segments)) * (view_ids != 0)


def visible(view_ids: torch.Tensor) -> torch.Tensor:
    """Which token (third place) sees which (fourth): (batch, 1, length, length), bool. view_ids: (batch, length)."""
    query, key = view_ids[:, None, :, None], view_ids[:, None, None, :]
    mask = ((query == key) | ((query == FULL_DIALOGUE) & (key == RESPONSE))) & (key != 0)
    # A padding token attends to itself alone: a row without any allowed key would be NaN.
    return mask | torch.eye(view_ids.shape[1], dtype=torch.bool, device=view_ids.device)


def pool_view(hidden: torch.Tensor, view_ids: torch.Tensor, view: int, pooling: str) -> torch.Tensor:
    """One vector (batch, hidden) for a view: its first token ("cls") or the mean of its tokens ("mean").

    hidden: (batch, length, hidden); view_ids: (batch, length). Every row must hold the view.
    """
    inside = view_ids == view
    if pooling == "cls":
        first = inside.int().argmax(dim=1)
        return hidden[torch.arange(hidden.shape[0], device=hidden.device), first]
    weights = inside.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


class PoolsViews:
    """A network whose settings, `config`, have a pooling."""

    config: Any

    def pool(self, hidden: torch.Tensor, view_ids: torch.Tensor, view: int) -> torch.Tensor:
        """Vector (batch, hidden) of a view, pooled as the configuration says."""
        return pool_view(hidden, view_ids, view, self.config.pooling)
