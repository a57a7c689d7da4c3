"""The scorer's encoder gives the hidden states of the shared one, from the same files."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from modeling.encoder import SharedEncoder, load_encoder_config
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from pipelines.errors import UserError
from pipelines.scoring.encoder import Encoder
from pipelines.scoring.network import encoder_weights

MakeBatch = Callable[..., dict[str, torch.Tensor]]


def shared(folder: str) -> SharedEncoder:
    encoder = SharedEncoder(load_encoder_config(folder))
    encoder.load_pretrained(folder)
    return encoder.eval()


def settings(folder: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    return found


def own(folder: str) -> Encoder:
    return Encoder(settings(folder), encoder_weights(Path(folder)))


@pytest.fixture(params=[((9, 12, 5),), ((4, 7, 6), (8, 3, 2), (1, 1, 1))], ids=["one row", "padded rows"])
def batch(request: pytest.FixtureRequest, make_batch: MakeBatch) -> dict[str, torch.Tensor]:
    return make_batch(request.param, views=(CONTEXT, FULL_DIALOGUE, RESPONSE))


@torch.inference_mode()
def test_the_same_hidden_states(tiny_encoder: str, batch: dict[str, torch.Tensor]) -> None:
    expected = shared(tiny_encoder)(batch["input_ids"], batch["view_ids"])
    found = own(tiny_encoder)(batch["input_ids"], batch["view_ids"])
    inside = batch["view_ids"] != 0
    torch.testing.assert_close(found[inside], expected[inside], rtol=0, atol=1e-6)
    assert expected[inside].std() > 0.1


@torch.inference_mode()
def test_in_bf16(tiny_encoder: str, batch: dict[str, torch.Tensor]) -> None:
    expected = own(tiny_encoder)(batch["input_ids"], batch["view_ids"])
    found = own(tiny_encoder).bfloat16()(batch["input_ids"], batch["view_ids"])
    assert found.dtype == torch.bfloat16
    inside = batch["view_ids"] != 0
    assert torch.nn.functional.cosine_similarity(found[inside].float(), expected[inside], dim=-1).min() > 0.999


def test_gradients_reach_the_words(tiny_encoder: str, batch: dict[str, torch.Tensor]) -> None:
    encoder = own(tiny_encoder)
    words, found = encoder.embed(batch["input_ids"]), []
    # Not all alike: a norm's squares sum to the same whatever the words.
    weights = torch.randn(words.shape, generator=torch.Generator().manual_seed(0))
    for one in (shared(tiny_encoder), encoder):
        given = words.clone().requires_grad_()
        states = one(None, batch["view_ids"], embeddings=given)
        (states * weights)[batch["view_ids"] != 0].sum().backward()
        assert given.grad is not None
        found.append(given.grad)
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-5)
    assert found[0].abs().max() > 0.1


def test_weights_under_the_names_of_older_files(tiny_bert: str, tmp_path: Path) -> None:
    expected = encoder_weights(Path(tiny_bert))
    older = {}
    for name, tensor in load_file(Path(tiny_bert) / "model.safetensors").items():
        gamma_beta = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        older[f"bert.{gamma_beta}"] = tensor
    older |= {"cls.predictions.bias": torch.ones(2), "bert.embeddings.position_ids": torch.ones(1, 2)}
    save_file(older, tmp_path / "model.safetensors")
    found = encoder_weights(tmp_path)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("change", [{"model_type": "deberta"}, {"hidden_act": "swish"}])
def test_an_encoder_of_another_build(tiny_bert: str, change: dict[str, str]) -> None:
    with pytest.raises(UserError, match="encoder: expected one of type bert, roberta, .* choose such an encoder"):
        Encoder(settings(tiny_bert) | change, encoder_weights(Path(tiny_bert)))


def test_a_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"expected an encoder with model\.safetensors, there is none"):
        encoder_weights(tmp_path)
