"""The base of networks that read contexts with one encoder and responses with another."""

from typing import NamedTuple

import torch

from modeling.base import EncoderModel
from modeling.configuration import EncoderConfig


class Post(NamedTuple):
    """One view of packed rows, apart from the rest: input_ids, view_ids (0 for padding) and places, (batch, longest).

    places: where in the packed row each token was.
    """

    input_ids: torch.Tensor
    view_ids: torch.Tensor
    places: torch.Tensor


def split_off(input_ids: torch.Tensor, view_ids: torch.Tensor, view: int) -> Post:
    """One view's tokens of packed rows (batch, length), moved to the front: an encoder reads what is its own alone."""
    outside = view_ids != view
    longest = int((~outside).sum(dim=1).max())
    places = outside.int().argsort(dim=1, stable=True)[:, :longest]
    own_views = view_ids.masked_fill(outside, 0).gather(1, places)
    return Post(input_ids.gather(1, places), own_views, places)


class TwoEncoderModel(EncoderModel):
    """`encoder` reads the context view, `response_encoder` the response view.

    They start from the same pretrained weights and train apart.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.response_encoder = self.new_encoder()
