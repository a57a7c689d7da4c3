"""Our dropout drops what it should and scales what is left."""

import pytest
import torch
from scipy.stats import binomtest, kstest

from modeling.dropout import Dropout, drop


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
