"""A view apart from its row, and two encoders that start alike."""

from typing import Any

import torch

from modeling.configuration import EncoderConfig
from modeling.two_encoders import TwoEncoderModel, split_off
from modeling.views import CONTEXT, RESPONSE


def test_a_view_is_moved_to_the_front() -> None:
    input_ids = torch.tensor([[7, 8, 9, 4, 0], [5, 6, 2, 3, 1]])
    view_ids = torch.tensor([[CONTEXT, CONTEXT, RESPONSE, RESPONSE, 0], [CONTEXT, RESPONSE, RESPONSE, RESPONSE, 0]])
    found = split_off(input_ids, view_ids, RESPONSE)
    assert found.view_ids.tolist() == [[3, 3, 0], [3, 3, 3]]
    assert found.input_ids[0, :2].tolist() == [9, 4]
    assert found.input_ids[1].tolist() == [6, 2, 3]
    assert found.places[1].tolist() == [1, 2, 3]


def test_both_encoders_start_from_the_pretrained_weights_and_share_none(tiny_encoder: str) -> None:
    class Tiny(TwoEncoderModel):
        config_class = EncoderConfig

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.post_init()

    model = Tiny.from_encoder(tiny_encoder, view_length=16)
    first, second = model.encoder.state_dict(), model.response_encoder.state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert {weight.data_ptr() for weight in first.values()}.isdisjoint(weight.data_ptr() for weight in second.values())
