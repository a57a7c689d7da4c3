"""Stages of sequential transfer: emotion only, then both tasks."""

from collections.abc import Callable

import pytest
import torch

import baseline
import stm
from modeling.views import FULL_DIALOGUE

Batch = dict[str, torch.Tensor]


@pytest.fixture
def batch(make_batch: Callable[..., Batch]) -> Batch:
    return make_batch([(9,), (5,), (12,)], views=(FULL_DIALOGUE,))


@pytest.fixture
def model(tiny_encoder: str) -> stm.Model:
    torch.manual_seed(3)
    return stm.Model.from_encoder(tiny_encoder, view_length=32)


def test_stages_in_order(model: stm.Model) -> None:
    assert list(stm.OBJECTIVES) == ["emotion", "multitask"]
    assert stm.OBJECTIVES["multitask"] is baseline.OBJECTIVES["multitask"]
    emotion = stm.OBJECTIVES["emotion"]
    assert (emotion.views(model), emotion.needs_empathy) == ((FULL_DIALOGUE,), False)


def test_emotion_stage_trains_all_but_the_score(model: stm.Model, batch: Batch) -> None:
    unlabelled = batch | {"empathy": torch.full((3,), float("nan"))}
    output = stm.OBJECTIVES["emotion"].loss(model.train(), unlabelled)
    output.loss.backward()
    for name, weight in model.named_parameters():
        if name.startswith("empathy_head."):
            assert weight.grad is None, name
        else:
            assert weight.grad is not None, name
            assert weight.grad.isfinite().all(), name
            assert weight.grad.any() or name.endswith("key.bias"), name


def test_emotion_stage_lowers_its_loss_and_the_next_starts_from_it(model: stm.Model, batch: Batch) -> None:
    emotion, multitask = stm.OBJECTIVES["emotion"], stm.OBJECTIVES["multitask"]
    score_head = {name: weight.clone() for name, weight in model.empathy_head.state_dict().items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.eval()
    first = emotion.loss(model, batch).loss.item()
    for _ in range(30):
        emotion.loss(model, batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    last = emotion.loss(model, batch).loss.item()
    assert first > 3.2
    assert last < 0.5 * first
    assert all(torch.equal(weight, score_head[name]) for name, weight in model.empathy_head.state_dict().items())
    assert multitask.loss(model, batch).emotion_loss.item() == pytest.approx(last, abs=1e-6)
