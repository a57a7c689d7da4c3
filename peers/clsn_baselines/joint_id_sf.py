"""Joint ID-SF: attention over one recurrent reading of the sentence, for each task its own (Liu & Lane 2016)."""

import torch
from torch import nn

from peers.clsn_baselines.recurrence import BothWays, Vectors


class AttentionPooling(nn.Module):
    """Mean of a sentence's states, weighted by additive attention."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)  # a bias would change no softmax

    def forward(self, states: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """states: (batch, length, hidden); inside: (batch, length) -> (batch, hidden)."""
        scores = self.score(torch.tanh(self.dense(states))).squeeze(-1)
        weights = scores.masked_fill(~inside, float("-inf")).softmax(dim=-1)
        return (weights[..., None] * states).sum(dim=1)


class JointIDSF(nn.Module):
    """The attention-based bidirectional network for intents and slots of Liu & Lane 2016 (arXiv:1609.01454).

    There slots are labelled token by token; here both tasks are of the whole sentence, so each has the attention-pooled
    vector that there is the intent's. The recurrence reads the encoder's token states and is a GRU.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.gru = BothWays(nn.GRU, hidden)
        self.direction_pooling = AttentionPooling(hidden)
        self.intent_pooling = AttentionPooling(hidden)

    def forward(self, states: torch.Tensor, inside: torch.Tensor) -> Vectors:
        """Vectors (batch, hidden) of direction and intent; states: (batch, length, hidden); inside: (batch, length)."""
        read = self.gru(states, inside)
        return self.direction_pooling(read, inside), self.intent_pooling(read, inside)
