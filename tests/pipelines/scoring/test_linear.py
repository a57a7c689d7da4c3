"""Layers in bf16 calculate what plain ones do."""

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from pipelines.scoring import linear
from pipelines.scoring.linear import ACTIVATIONS, Dense, Linear, Packed, packs

STEPS: dict[str, Callable[[Linear, torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "product": lambda layer, states, _: layer(states),
    "sum": lambda layer, states, residual: layer.added(states, residual),
    "gelu": lambda layer, states, _: layer.activated(states, "gelu"),
    "relu": lambda layer, states, _: layer.activated(states, "relu"),
}


def random(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def made_up() -> Dense:
    return Dense(random(48, 32, seed=0) / 32**0.5, random(48, seed=1))


def test_several_layers_in_one() -> None:
    weights = {
        f"{name}.{part}": random(*shape, seed=len(name))
        for name in ("a", "bb")
        for part, shape in (("weight", (4, 3)), ("bias", (4,)))
    }
    both, states = Dense.of(weights, "a", "bb"), random(2, 3, seed=5)
    expected = [functional.linear(states, weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in ("a", "bb")]
    torch.testing.assert_close(both(states), torch.cat(expected, dim=-1))
    with pytest.raises(KeyError, match=r"ccc\.weight"):
        Dense.of(weights, "a", "ccc")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("step", STEPS)
@torch.inference_mode()
def test_every_step_in_bf16(step: str, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if packed and not packs():
        pytest.skip("torch or this processor has no products in bf16")
    monkeypatch.setattr(linear, "packs", lambda: packed)
    layer, states, residual = made_up(), random(3, 7, 32, seed=2), random(3, 7, 48, seed=3)
    halved = layer.bfloat16()
    assert isinstance(halved, Packed) == packed
    found = STEPS[step](halved, states.bfloat16(), residual.bfloat16())
    assert found.dtype == torch.bfloat16
    expected = STEPS[step](layer, states, residual)
    torch.testing.assert_close(found.float(), expected, rtol=0.02, atol=0.02)
    assert expected.std() > 0.4
    again = STEPS[step](halved.bfloat16(), states.bfloat16(), residual.bfloat16())
    torch.testing.assert_close(again.float(), expected, rtol=0.02, atol=0.02)


def test_an_activation_is_torchs_own() -> None:
    states = random(2, 32, seed=4)
    for name, layer in ((name, made_up()) for name in ACTIVATIONS):
        torch.testing.assert_close(layer.activated(states, name), getattr(functional, name)(layer(states)))
