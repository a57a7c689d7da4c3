"""DCR-Net: co-interactive relation layers, stacked (Qin et al. 2020)."""

import torch
from torch import nn

from peers.clsn.model import max_over_tokens
from peers.clsn_baselines.recurrence import BothWays, Vectors

LAYERS = 3  # as in the paper


def attend(states: torch.Tensor, others: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """states + softmax(states others^T) others, the paper's co-attention: (batch, length, hidden), without a scale.

    inside: (batch, length), which of the others can be attended to.
    """
    scores = (states @ others.mT).masked_fill(~inside[:, None], float("-inf"))
    return states + scores.softmax(dim=-1) @ others


class RelationLayer(nn.Module):
    """Each task's own reading of its states, then co-attention of the two."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.intent_lstm = BothWays(nn.LSTM, hidden)
        self.direction_dense = nn.Linear(hidden, hidden)

    def forward(self, direction: torch.Tensor, intent: torch.Tensor, inside: torch.Tensor) -> Vectors:
        """New states (batch, length, hidden) of direction and intent; inside: (batch, length)."""
        direction = torch.tanh(self.direction_dense(direction))
        intent = self.intent_lstm(intent, inside)
        return attend(direction, intent, inside), attend(intent, direction, inside)


class DCRNet(nn.Module):
    """The deep co-interactive relation network of Qin et al. 2020 (arXiv:2008.06914), with co-attention relations.

    It was made for dialog act and sentiment of a dialogue's utterances. Here the tokens of the one sentence take the
    place of the utterances, the encoder that of the utterances' encoder, intent that of dialog act (read by a
    bidirectional LSTM) and direction that of sentiment (read by a dense layer). The highest value over the tokens makes
    one vector of them.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(RelationLayer(hidden) for _ in range(LAYERS))

    def forward(self, states: torch.Tensor, inside: torch.Tensor) -> Vectors:
        """Vectors (batch, hidden) of direction and intent; states: (batch, length, hidden); inside: (batch, length)."""
        direction = intent = states
        for layer in self.layers:
            direction, intent = layer(direction, intent, inside)
        return max_over_tokens(direction, inside), max_over_tokens(intent, inside)
