"""How the two tasks' token states learn of each other: by attention, and by what each task predicts."""

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

States = tuple[torch.Tensor, torch.Tensor]


class _Attention(nn.Module):
    """Multi-head attention of `states` (batch, length, hidden) over others, then residual and layer norm."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(hidden, heads, batch_first=True)
        self.norm = nn.LayerNorm(hidden)

    def forward(self, states: torch.Tensor, others: torch.Tensor, padding: torch.Tensor | None = None) -> torch.Tensor:
        # Plain products: on a CPU the backward pass of torch's fused kernel takes a quarter of a training step.
        with sdpa_kernel(SDPBackend.MATH):
            found, _ = self.attention(states, others, others, key_padding_mask=padding, need_weights=False)
        return self.norm(states + found)


class InteractiveAttention(nn.Module):
    """One layer: the direction's states attend over the intent's, and the intent's over the direction's."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.direction = _Attention(hidden, heads)
        self.intent = _Attention(hidden, heads)

    def forward(self, direction: torch.Tensor, intent: torch.Tensor, inside: torch.Tensor) -> States:
        """New states (batch, length, hidden) of direction and intent; inside: (batch, length), False for padding."""
        return self.direction(direction, intent, ~inside), self.intent(intent, direction, ~inside)


class LabelSignal(nn.Module):
    """Hands both tasks' predictions to the token states of both.

    A task's signal is the mean of its trainable label embeddings, weighted by the probabilities that it predicts. The
    tokens of a task attend over the two signals, their own task's and the other's.
    """

    def __init__(self, hidden: int, heads: int, num_directions: int, num_intents: int) -> None:
        super().__init__()
        self.direction_labels = nn.Embedding(num_directions, hidden)
        self.intent_labels = nn.Embedding(num_intents, hidden)
        self.direction = _Attention(hidden, heads)
        self.intent = _Attention(hidden, heads)

    def signals(self, direction_logits: torch.Tensor, intent_logits: torch.Tensor) -> torch.Tensor:
        """The signals (batch, 2, hidden) of logits (batch, num_directions) and (batch, num_intents)."""
        direction = direction_logits.softmax(dim=-1) @ self.direction_labels.weight
        intent = intent_logits.softmax(dim=-1) @ self.intent_labels.weight
        return torch.stack([direction, intent], dim=1)

    def forward(self, direction: torch.Tensor, intent: torch.Tensor, signals: torch.Tensor) -> States:
        """New states (batch, length, hidden) of direction and intent; signals: (batch, 2, hidden)."""
        return self.direction(direction, signals), self.intent(intent, signals)
