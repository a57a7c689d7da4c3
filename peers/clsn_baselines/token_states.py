"""What the baselines that read token states have in common: recurrence over a sentence, and one vector from it."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

Vectors = tuple[torch.Tensor, torch.Tensor]


def max_over_tokens(states: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Highest value of each unit (batch, hidden) over the tokens of states (batch, length, hidden) that are inside."""
    return states.masked_fill(~inside[..., None], float("-inf")).amax(dim=1)


def read_both_ways(rnn: nn.RNNBase, states: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """States (batch, length, 2 * rnn.hidden_size) of a bidirectional `rnn` that reads each sentence without padding.

    states: (batch, length, hidden); inside: (batch, length), True for the sentence, which is at the row's start.
    """
    rnn.flatten_parameters()
    lengths = inside.sum(dim=1).cpu()
    packed = pack_padded_sequence(states, lengths, batch_first=True, enforce_sorted=False)
    read, _ = pad_packed_sequence(rnn(packed)[0], batch_first=True, total_length=states.shape[1])
    return read
