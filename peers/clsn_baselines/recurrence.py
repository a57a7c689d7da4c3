"""The recurrence of the baselines that read token states."""

import torch
from torch import nn

Vectors = tuple[torch.Tensor, torch.Tensor]


class BothWays(nn.Module):
    """A recurrent reading of each sentence from its start and one from its end.

    Two networks of one direction each: on a CPU torch's fast LSTM takes no packed sequences, and a network of both
    directions reads the padding first from the end of a sentence that is not packed.
    """

    def __init__(self, recurrence: type[nn.LSTM] | type[nn.GRU], hidden: int) -> None:
        super().__init__()
        self.from_start = recurrence(hidden, hidden // 2, batch_first=True)
        self.from_end = recurrence(hidden, hidden // 2, batch_first=True)

    def forward(self, states: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """States (batch, length, hidden), of no meaning outside of the sentences.

        states: (batch, length, hidden); inside: (batch, length), True for the sentence, which is at the row's start.
        """
        place = torch.arange(inside.shape[1], device=inside.device)
        # A sentence's places from its end to its start; padding stays where it is.
        backwards = torch.where(inside, inside.sum(dim=1, keepdim=True) - 1 - place, place)[..., None]
        read_from_end = self.from_end(states.gather(1, backwards.expand_as(states)))[0]
        read_from_start = self.from_start(states)[0]
        return torch.cat([read_from_start, read_from_end.gather(1, backwards.expand_as(read_from_end))], dim=-1)
