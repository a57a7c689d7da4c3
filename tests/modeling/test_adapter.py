"""A low-rank adapter trains instead of the encoder, is saved with the model, and at first changes nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from modeling.adapter import is_adapter
from modeling.encoder import load_encoder_weights
from mvc.model import MVCModel

MakeBatch = Callable[..., dict[str, torch.Tensor]]


def adapted(encoder: str) -> MVCModel:
    torch.manual_seed(0)
    return MVCModel.from_encoder(encoder, adapter_rank=4, view_length=32)


def test_only_the_adapter_and_the_heads_train(tiny_encoder: str, make_batch: MakeBatch) -> None:
    model, batch = adapted(tiny_encoder), make_batch([(7, 11), (4, 9)])
    labels = {"empathy": torch.tensor([2.0, 4.0]), "emotion": torch.tensor([1, 3])}
    model(batch["input_ids"], batch["view_ids"], **labels).loss.backward()
    for name, parameter in model.named_parameters():
        in_encoder = name.startswith("encoder.")
        assert parameter.requires_grad == (is_adapter(name) or not in_encoder), name
        assert (parameter.grad is not None) == parameter.requires_grad, name
    ranks = {len(p) for n, p in model.named_parameters() if "lora_A" in n}
    assert ranks == {4}


@torch.no_grad()
def test_a_new_adapter_changes_nothing_and_the_pretrained_weights_are_the_encoder_s(
    tiny_encoder: str, make_batch: MakeBatch
) -> None:
    model, plain, batch = (
        adapted(tiny_encoder),
        MVCModel.from_encoder(tiny_encoder, view_length=32),
        make_batch([(7, 11)]),
    )
    ids = (batch["input_ids"], batch["view_ids"])
    torch.testing.assert_close(model.eval().encoder(*ids), plain.eval().encoder(*ids))
    expected, found = load_encoder_weights(tiny_encoder), model.encoder.pretrained_weights()
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


@torch.no_grad()
def test_saved_and_loaded(tiny_encoder: str, make_batch: MakeBatch, tmp_path: Path) -> None:
    model, batch = adapted(tiny_encoder).eval(), make_batch([(7, 11)])
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.normal_(std=0.1)
    model.save_pretrained(tmp_path)
    ids = (batch["input_ids"], batch["view_ids"])
    again = MVCModel.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(model(*ids).empathy, again(*ids).empathy, rtol=0, atol=0)


def test_a_negative_rank_is_refused(tiny_encoder: str) -> None:
    with pytest.raises(ValueError, match="adapter_rank: expected 0 or more, got -1"):
        MVCModel.from_encoder(tiny_encoder, adapter_rank=-1)
