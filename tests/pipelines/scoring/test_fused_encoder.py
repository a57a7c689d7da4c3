"""The fused encoder gives the hidden states of the shared one."""

from collections.abc import Callable

import pytest
import torch

from modeling.encoder import CONTEXT, FULL_DIALOGUE, RESPONSE, SharedEncoder, load_encoder_config
from pipelines.scoring.fused_encoder import FusedEncoder, fused

MakeBatch = Callable[..., dict[str, torch.Tensor]]


def shared(folder: str) -> SharedEncoder:
    encoder = SharedEncoder(load_encoder_config(folder))
    encoder.load_pretrained(folder)
    return encoder.eval()


@pytest.fixture(params=[((9, 12, 5),), ((4, 7, 6), (8, 3, 2), (1, 1, 1))], ids=["one row", "padded rows"])
def batch(request: pytest.FixtureRequest, make_batch: MakeBatch) -> dict[str, torch.Tensor]:
    return make_batch(request.param, views=(CONTEXT, FULL_DIALOGUE, RESPONSE))


@torch.inference_mode()
def test_the_same_hidden_states(tiny_encoder: str, batch: dict[str, torch.Tensor]) -> None:
    encoder = shared(tiny_encoder)
    expected = encoder(batch["input_ids"], batch["view_ids"])
    found = FusedEncoder(encoder)(batch["input_ids"], batch["view_ids"])
    inside = batch["view_ids"] != 0
    torch.testing.assert_close(found[inside], expected[inside], rtol=0, atol=1e-6)
    assert expected[inside].std() > 0.1


@torch.inference_mode()
def test_the_shared_encoder_goes_on_with_the_same_weights(tiny_encoder: str, batch: dict[str, torch.Tensor]) -> None:
    encoder = shared(tiny_encoder)
    expected = encoder(batch["input_ids"], batch["view_ids"])
    storages = {weight.untyped_storage().data_ptr() for weight in encoder.parameters()}
    made = FusedEncoder(encoder)
    assert torch.equal(encoder(batch["input_ids"], batch["view_ids"]), expected)
    assert len({weight.untyped_storage().data_ptr() for weight in encoder.parameters()}) < len(storages)
    assert made.backbone is encoder.backbone


def test_gradients_reach_the_words(tiny_encoder: str, batch: dict[str, torch.Tensor]) -> None:
    encoder = shared(tiny_encoder)
    words = encoder.backbone.get_input_embeddings()(batch["input_ids"]).detach()
    found = []
    for one in (encoder, FusedEncoder(encoder)):
        given = words.clone().requires_grad_()
        one(None, batch["view_ids"], embeddings=given)[batch["view_ids"] != 0].square().sum().backward()
        assert given.grad is not None
        found.append(given.grad)
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-5)
    assert found[0].abs().sum() > 0


def test_an_encoder_of_another_build_stays_as_it_is(tiny_bert: str) -> None:
    encoder = shared(tiny_bert)
    assert isinstance(fused(encoder), FusedEncoder)
    del encoder.backbone.encoder.layer[1].attention.self.query
    assert fused(encoder) is encoder
