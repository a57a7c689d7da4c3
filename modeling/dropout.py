"""Dropout for training on a CPU, where torch draws it one number of double precision at a time.

With torch's own, drawing takes a fifth of a training step of a small encoder (`benchmarks/training_step.py`). Here
sixteen random bits decide on each value. On any other device it is torch's own.
"""

import torch
from torch import nn
from torch.nn import functional

PER_WORD = 4  # values that one random word of 64 bits decides on
STEPS = 2**16  # of a probability


def drop(states: torch.Tensor, probability: float) -> torch.Tensor:
    """States of any shape with each value 0 at the probability, which is rounded to 1/65,536, else scaled up for it."""
    if states.device.type != "cpu":
        return functional.dropout(states, probability)
    threshold = round(probability * STEPS)
    words = torch.empty(-(-states.numel() // PER_WORD), dtype=torch.int64).random_(-(2**63), None)
    kept = words.view(torch.int16)[: states.numel()] >= threshold - STEPS // 2
    # Numbers, since a product with booleans takes five times as long; made of bytes, since of booleans that is as slow.
    kept = kept.view(torch.uint8).to(states.dtype).view(states.shape)
    return states * kept * (STEPS / (STEPS - threshold))


class Dropout(nn.Dropout):
    """As torch's, by `drop`."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Of any shape; unchanged outside training."""
        return drop(input, self.p) if self.training and self.p else input
