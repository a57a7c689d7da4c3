"""Attention that drops out is torch's but for what it drops, and every dropout of an encoder is ours."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from transformers import BertConfig
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from modeling.attention import attend
from modeling.encoder import SharedEncoder, load_encoder_config


@pytest.fixture
def heads() -> dict[str, torch.Tensor]:
    """Queries, keys and values of 2 rows, 3 heads and 6 tokens, the last of which sees and is seen by itself alone."""
    random = torch.Generator().manual_seed(7)
    mask = torch.eye(6, dtype=torch.bool) | ((torch.arange(6) < 5)[:, None] & (torch.arange(6) < 5))
    made = {name: torch.randn(2, 3, 6, 8, generator=random) for name in ("query", "key", "value")}
    return made | {"attention_mask": mask.expand(2, 1, 6, 6)}


@pytest.mark.parametrize("scaling", [None, 0.7])
def test_attention_that_hardly_drops_is_torchs_attention(heads: dict[str, torch.Tensor], scaling: float | None) -> None:
    own, _ = attend(nn.Module(), **heads, dropout=1e-9, scaling=scaling)
    library, _ = sdpa_attention_forward(nn.Module(), **heads, scaling=scaling, is_causal=False)
    torch.testing.assert_close(own, library, atol=1e-6, rtol=0)


def test_attention_drops_out_to_the_same_mean(heads: dict[str, torch.Tensor]) -> None:
    torch.manual_seed(11)
    whole, _ = attend(nn.Module(), **heads, is_causal=False)
    many = torch.stack([attend(nn.Module(), **heads, dropout=0.3)[0] for _ in range(4_000)])
    assert not many[0].equal(many[1])
    errors = (many.mean(dim=0) - whole) / (many.std(dim=0) / 4_000**0.5).clamp(min=1e-6)
    assert 0.8 < errors.std() < 1.2 and errors.abs().max() < 4.5


def test_every_dropout_of_the_encoder_is_ours(
    tiny_encoder: str, make_batch: Callable[..., dict[str, torch.Tensor]]
) -> None:
    encoder = SharedEncoder(load_encoder_config(tiny_encoder)).train()
    assert not [name for name, module in encoder.named_modules() if type(module) is nn.Dropout]
    batch = make_batch([(7, 11), (4, 9)])
    assert not encoder(**inputs(batch)).equal(encoder(**inputs(batch)))
    encoder.eval()
    assert encoder(**inputs(batch)).equal(encoder(**inputs(batch)))


def test_an_encoder_in_training_that_drops_nothing_is_as_outside_of_it(
    make_batch: Callable[..., dict[str, torch.Tensor]],
) -> None:
    sizes = dict(vocab_size=205, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
    config = BertConfig(**sizes, hidden_dropout_prob=0.0, attention_probs_dropout_prob=1e-9)
    encoder, batch = SharedEncoder(config), make_batch([(7, 11), (4, 9)])
    trained = encoder.train()(**inputs(batch))
    torch.testing.assert_close(trained, encoder.eval()(**inputs(batch)), atol=1e-5, rtol=0)


def inputs(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {"input_ids": batch["input_ids"], "view_ids": batch["view_ids"]}
