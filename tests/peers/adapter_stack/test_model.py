"""Stacked adapters: what each stage trains, what never changes, saving."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModel

from modeling.adapter import is_adapter
from modeling.encoder import load_encoder_weights
from modeling.views import FULL_DIALOGUE
from peers.adapter_stack import OBJECTIVES, Config, Model
from peers.adapter_stack.model import EMOTION, EMPATHY

Batch = dict[str, torch.Tensor]
PARTS = ("lower", "upper", "emotion_head", "empathy_head", "encoder")


@pytest.fixture
def batch(make_batch: Callable[..., Batch]) -> Batch:
    return make_batch([(9,), (5,), (12,), (7,)], views=(FULL_DIALOGUE,))


def tiny(folder: str, **settings: object) -> Model:
    torch.manual_seed(3)
    return Model.from_encoder(folder, view_length=32, adapter_rank=4, **settings)


def part(name: str) -> str:
    """Which of PARTS a parameter belongs to."""
    if is_adapter(name):
        return {EMOTION: "lower", EMPATHY: "upper"}[name.split(".")[-2]]
    return name.split(".")[0]


def train(model: Model, stage: str, batch: Batch, steps: int = 3) -> set[str]:
    """Train a stage as the rails do; the parts of which a weight changed."""
    objective = OBJECTIVES[stage]
    assert objective.trains is not None
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    for name, weight in model.named_parameters():
        weight.requires_grad_(objective.trains(name))
        weight.grad = None
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=1e-2)
    model.train()
    for _ in range(steps):
        objective.loss(model, batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()
    return {part(name) for name, weight in model.named_parameters() if not torch.equal(weight, before[name])}


def test_every_weight_is_in_one_part(tiny_encoder: str) -> None:
    model = tiny(tiny_encoder)
    names = [name for name, _ in model.named_parameters()]
    assert {part(name) for name in names} == set(PARTS)
    layers = {name.split(".lora_")[0] for name in names if is_adapter(name)}
    for adapter in ("lower", "upper"):
        assert len([name for name in names if part(name) == adapter]) == 2 * len(layers)
    assert len(layers) == 2 * 6  # of each of two layers: query, key, value, output, and both of the feed-forward part


def test_each_stage_trains_its_own_parts_and_never_the_encoder(tiny_encoder: str, batch: Batch) -> None:
    model, pretrained = tiny(tiny_encoder), load_encoder_weights(tiny_encoder)
    assert train(model, "emotion", batch) == {"lower", "emotion_head"}
    assert train(model, "empathy", batch) == {"upper", "emotion_head", "empathy_head"}
    found = model.encoder.pretrained_weights()
    assert found.keys() == pretrained.keys()
    assert all(torch.equal(found[name], pretrained[name]) for name in pretrained)


def test_a_stage_reaches_every_weight_that_it_trains(tiny_bert: str, batch: Batch) -> None:
    model = tiny(tiny_bert)
    for stage in ("emotion", "empathy"):
        train(model, stage, batch)  # B starts at zero, and lets no gradient reach A
        OBJECTIVES[stage].loss(model.train(), batch).loss.backward()
        for name, weight in model.named_parameters():
            assert (weight.grad is not None) == OBJECTIVES[stage].trains(name), name
            assert weight.grad is None or weight.grad.any() or "key.lora" in name, name


@torch.no_grad()
def test_neither_adapter_changes_anything_before_its_stage(tiny_encoder: str, batch: Batch) -> None:
    model, plain = tiny(tiny_encoder).eval(), AutoModel.from_pretrained(tiny_encoder, add_pooling_layer=False).eval()
    with torch.enable_grad():
        untrained = model(**batch).emotion_logits.detach()
        first = plain(batch["input_ids"][:1, :9]).last_hidden_state[0, 0]
        torch.testing.assert_close(untrained[0], model.emotion_head(first), atol=1e-5, rtol=0)
        train(model, "emotion", batch)
    after_first = model(**batch)
    assert not torch.allclose(after_first.emotion_logits, untrained, atol=1e-3)
    upper = {name: weight for name, weight in model.named_parameters() if part(name) == "upper"}
    for name, weight in upper.items():
        assert weight.any() == ("lora_A" in name), name  # A random, B zero
    for name, weight in upper.items():
        if "lora_A" in name:
            weight.mul_(7.0)
    same = model(**batch)
    torch.testing.assert_close(same.emotion_logits, after_first.emotion_logits, atol=0, rtol=0)
    for name, weight in upper.items():
        if "lora_B" in name:
            weight.add_(0.1)
    assert not torch.allclose(model(**batch).emotion_logits, after_first.emotion_logits, atol=1e-3)


def test_the_lower_adapter_still_counts_in_the_second_stage(tiny_bert: str, batch: Batch) -> None:
    model = tiny(tiny_bert)
    train(model, "emotion", batch)
    train(model, "empathy", batch)
    with torch.no_grad():
        before = model(**batch).empathy
        for name, weight in model.named_parameters():
            if part(name) == "lower" and "lora_B" in name:
                weight.zero_()
        assert not torch.allclose(model(**batch).empathy, before, atol=1e-4)


def test_round_trip(tiny_encoder: str, batch: Batch, tmp_path: Path) -> None:
    model = tiny(tiny_encoder, pooling="mean")
    train(model, "emotion", batch)
    train(model, "empathy", batch)
    model.save_pretrained(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    for reader in (Model, AutoModel):
        again = reader.from_pretrained(tmp_path)
        assert type(again) is Model and (again.config.adapter_rank, again.config.pooling) == (4, "mean")
        with torch.no_grad():
            before, after = model(**batch), again.eval()(**batch)
        for key in ("empathy", "emotion_logits"):
            assert torch.equal(before[key], after[key]), key


def test_stacked_adapters_need_a_rank() -> None:
    assert Config().adapter_rank == 16
    with pytest.raises(ValueError, match="adapter_rank: expected 1 or more for stacked adapters, got 0"):
        Config(adapter_rank=0)
