"""Linear layers of the scorer's encoder: plain ones, and ones whose weights oneDNN laid out for products in bf16."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, Self

import torch
from torch.nn import functional

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {"gelu": functional.gelu, "relu": functional.relu}
Weights = Mapping[str, torch.Tensor]


class Linear(Protocol):
    """A linear layer, and what is done with its result, which may be one step with it."""

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """(..., inputs) -> (..., outputs)."""

    def added(self, states: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        """The sum of its result and of a residual (..., outputs)."""

    def activated(self, states: torch.Tensor, activation: str) -> torch.Tensor:
        """One of `ACTIVATIONS` of its result."""

    def bfloat16(self) -> "Linear":
        """In bf16."""


class Dense(NamedTuple):
    """weight: (outputs, inputs); bias: (outputs,)."""

    weight: torch.Tensor
    bias: torch.Tensor

    @classmethod
    def of(cls, weights: Weights, *names: str) -> Self:
        """One layer, or several as one. Raises KeyError for a name that is missing."""
        parts = [torch.cat([weights[f"{name}.{part}"] for name in names]) for part in cls._fields]
        return cls(*parts)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """As every `Linear`."""
        return functional.linear(states, *self)

    def added(self, states: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        """As every `Linear`."""
        return residual + self(states)

    def activated(self, states: torch.Tensor, activation: str) -> torch.Tensor:
        """As every `Linear`."""
        return ACTIVATIONS[activation](self(states))

    def bfloat16(self) -> Linear:
        """Packed, where the machine can make use of it."""
        in_bf16 = type(self)(*(part.bfloat16() for part in self))
        return Packed(in_bf16) if packs() else in_bf16


class Packed:
    """A layer in bf16. To lay its weight out for every product anew would take a fifth of a batch's time.

    The operators are those that torch's own compiler chooses for weights that do not change; they send no gradients.
    """

    def __init__(self, dense: Dense) -> None:
        operators: Any = torch.ops.mkldnn
        self.weight, self.bias = operators._reorder_linear_weight(dense.weight, None), dense.bias
        self.product, self.sum = operators._linear_pointwise, operators._linear_pointwise.binary

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """As every `Linear`."""
        return self.activated(states, "none")

    def added(self, states: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        """As every `Linear`."""
        found: torch.Tensor = self.sum(states, residual, self.weight, self.bias, "add")
        return found

    def activated(self, states: torch.Tensor, activation: str) -> torch.Tensor:
        """As every `Linear`."""
        found: torch.Tensor = self.product(states, self.weight, self.bias, activation, [], "none")
        return found

    def bfloat16(self) -> Linear:
        """Itself."""
        return self


def packs() -> bool:
    """Whether torch has oneDNN, and the processor what oneDNN's products in bf16 ask for."""
    return torch.backends.mkldnn.is_available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
