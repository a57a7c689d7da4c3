"""Co-GAT: graph attention over the nodes of both tasks (Qin et al. 2021)."""

import torch
from torch import nn
from torch.nn import functional

from peers.clsn.model import max_over_tokens
from peers.clsn_baselines.recurrence import BothWays, Vectors

LAYERS = 2
NEGATIVE_SLOPE = 0.2  # of the graph attention network's paper


class GraphAttention(nn.Module):
    """One layer of graph attention (Veličković et al. 2018, arXiv:1710.10903) in which every node sees every node.

    The score of node i for node j is LeakyReLU(a . [W h_i ; W h_j]), per head; W is one for each task.
    """

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.direction = nn.Linear(hidden, hidden, bias=False)
        self.intent = nn.Linear(hidden, hidden, bias=False)
        # The halves of the vector a.
        self.of_node = nn.Parameter(torch.randn(heads, hidden // heads) * 0.1)
        self.of_neighbour = nn.Parameter(torch.randn(heads, hidden // heads) * 0.1)

    def forward(self, direction: torch.Tensor, intent: torch.Tensor, inside: torch.Tensor) -> Vectors:
        """New states (batch, length, hidden) of direction and intent; inside: (batch, length)."""
        nodes = torch.cat([self.direction(direction), self.intent(intent)], dim=1)
        nodes = nodes.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (batch, heads, 2 * length, hidden / heads)
        node, neighbour = nodes @ self.of_node[..., None], nodes @ self.of_neighbour[..., None]
        scores = functional.leaky_relu(node + neighbour.mT, NEGATIVE_SLOPE)  # (batch, heads, 2 * length, 2 * length)
        seen = inside.repeat(1, 2)[:, None, None]
        weights = scores.masked_fill(~seen, float("-inf")).softmax(dim=-1)
        found = functional.elu((weights @ nodes).transpose(1, 2).flatten(2))
        of_direction, of_intent = found.chunk(2, dim=1)
        # With the same neighbours for all, it is the residual that keeps the nodes apart.
        return direction + of_direction, intent + of_intent


class CoGAT(nn.Module):
    """The co-interactive graph attention network of Qin et al. 2021 (arXiv:2012.13260).

    It was made for dialog act and sentiment of a dialogue's utterances. Here the tokens of the one sentence take the
    place of the utterances: a node for each token and task, all connected, within a task (its cross-utterance
    connection) and across the tasks. A bidirectional LSTM for each task gives the first states. The speakers' graph is
    left out, since a sentence has one speaker. The highest value over the tokens makes one vector of them.
    """

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.direction_lstm = BothWays(nn.LSTM, hidden)
        self.intent_lstm = BothWays(nn.LSTM, hidden)
        self.layers = nn.ModuleList(GraphAttention(hidden, heads) for _ in range(LAYERS))

    def forward(self, states: torch.Tensor, inside: torch.Tensor) -> Vectors:
        """Vectors (batch, hidden) of direction and intent; states: (batch, length, hidden); inside: (batch, length)."""
        direction = self.direction_lstm(states, inside)
        intent = self.intent_lstm(states, inside)
        for layer in self.layers:
            direction, intent = layer(direction, intent, inside)
        return max_over_tokens(direction, inside), max_over_tokens(intent, inside)
