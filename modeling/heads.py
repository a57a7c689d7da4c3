"""The head that every task uses."""

import torch
from torch import nn

from modeling.dropout import Dropout


class Head(nn.Module):
    """Two layers, dropout before each: (batch, in_features) -> (batch, out_features)."""

    def __init__(self, in_features: int, hidden_size: int, out_features: int, dropout: float) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.dense = nn.Linear(in_features, hidden_size)
        self.out = nn.Linear(hidden_size, out_features)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(self.dense(self.dropout(features)))
        return self.out(self.dropout(hidden))


class EmpathyHead(Head):
    """A score per example: (batch, in_features) -> (batch,), in score units and unbounded.

    No Sigmoid: it saturates, and a 1-5 regression then collapses to the mean. The last bias starts at `init`, the
    mean of the training labels, so the first steps are spent on telling examples apart rather than on the offset.
    """

    def __init__(self, in_features: int, hidden_size: int, dropout: float, init: float) -> None:
        super().__init__(in_features, hidden_size, 1, dropout)
        self.out.first_bias = init  # type: ignore[assignment]  # read by EmpathyModel._init_weights

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return super().forward(features).squeeze(-1)
