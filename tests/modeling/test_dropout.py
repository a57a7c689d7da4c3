"""Our dropout drops what it should, scales what is left, and attention without it is torch's."""

from collections.abc import Callable

import pytest
import torch
from scipy.stats import binomtest, kstest
from torch import nn
from transformers import BertConfig
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from modeling.dropout import Dropout, attend, drop
from modeling.encoder import SharedEncoder, load_encoder_config


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.93])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_values_are_dropped_at_the_probability_and_the_others_scaled(probability: float, dtype: torch.dtype) -> None:
    torch.manual_seed(3)
    states = torch.full((3, 7, 4_999), 2.0, dtype=dtype, requires_grad=True)  # not a multiple of the values in a word
    found = drop(states, probability)
    assert found.dtype == dtype and found.shape == states.shape
    dropped = found == 0
    assert binomtest(int(dropped.sum()), dropped.numel(), probability).pvalue > 1e-3
    torch.testing.assert_close(found[~dropped].mean().item(), 2 / (1 - probability), rtol=4e-3, atol=0)
    assert found[~dropped].unique().numel() == 1
    found.float().sum().backward()
    torch.testing.assert_close(states.grad, found.detach() / 2, rtol=8e-3, atol=0)


def test_neighbours_are_dropped_apart() -> None:
    """The gaps between dropped values follow the geometric distribution, also within a word of random bits."""
    torch.manual_seed(5)
    dropped = (drop(torch.ones(400_000), 0.25) == 0).nonzero().flatten()
    gaps = dropped.diff().double()
    uniform = 1 - 0.75 ** (gaps - 1) * (1 - 0.25 * torch.rand_like(gaps))  # where in its step, by chance: exact
    assert kstest(uniform.numpy(), "uniform").pvalue > 1e-3


def test_a_seed_gives_the_same_values_again() -> None:
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(drop(torch.ones(50), 0.5))
    assert found[0].equal(found[1]) and not found[0].equal(found[2])


def test_nothing_is_dropped_outside_training() -> None:
    states = torch.rand(5, 4)
    assert Dropout(0.9).eval()(states) is states
    assert Dropout(0.0).train()(states) is states
    assert (Dropout(0.9).train()(states) == 0).any()


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
