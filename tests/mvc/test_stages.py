"""Stages of the cascade."""

from collections.abc import Callable

import pytest
import torch

import mvc
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE

Batch = dict[str, torch.Tensor]


@pytest.fixture
def model(tiny_encoder: str) -> mvc.Model:
    torch.manual_seed(3)
    return mvc.Model.from_encoder(tiny_encoder, view_length=32, lambda_emo=0.3)


def test_stages_views_and_labels(model: mvc.Model) -> None:
    assert list(mvc.OBJECTIVES) == ["emotion", "relevance", "cascade"]
    emotion, relevance, cascade = mvc.OBJECTIVES.values()
    assert (emotion.views(model), emotion.needs_empathy) == ((CONTEXT,), False)
    assert (relevance.views(model), relevance.needs_empathy) == ((CONTEXT, RESPONSE), False)
    assert (cascade.views(model), cascade.needs_empathy) == ((CONTEXT, FULL_DIALOGUE), True)


def test_relevance_adds_the_response_as_a_view(tiny_encoder: str) -> None:
    model = mvc.Model.from_encoder(tiny_encoder, view_length=32, relevance=True)
    assert mvc.OBJECTIVES["cascade"].views(model) == (CONTEXT, FULL_DIALOGUE, RESPONSE)
    assert mvc.OBJECTIVES["emotion"].views(model) == (CONTEXT,)


def test_emotion_stage_reads_the_context_view_and_trains_all_but_the_score(
    model: mvc.Model, make_batch: Callable[..., Batch]
) -> None:
    batch = make_batch([(9,), (5,), (12,)], views=(CONTEXT,))
    output = mvc.OBJECTIVES["emotion"].loss(model.eval(), batch)
    expected = -output.emotion_logits.log_softmax(-1)[torch.arange(3), batch["emotion"]].mean()
    assert output.loss.item() == pytest.approx(expected.item(), abs=1e-5)  # unweighted
    assert output.empathy is None
    assert output.empathy_loss is None
    output.loss.backward()
    for name, weight in model.named_parameters():
        if name.startswith(("empathy_head.", "cascade.")):
            assert weight.grad is None, name
        else:
            assert weight.grad is not None, name
            assert weight.grad.isfinite().all(), name
            assert weight.grad.any() or name.endswith("key.bias"), name


def test_cascade_stage_is_the_weighted_sum(model: mvc.Model, make_batch: Callable[..., Batch]) -> None:
    output = mvc.OBJECTIVES["cascade"].loss(model.eval(), make_batch([(7, 11), (4, 9)]))
    joint = output.empathy_loss + 0.3 * output.emotion_loss
    assert output.loss.item() == pytest.approx(joint.item(), abs=1e-6)


def test_relevance_stage_is_retrieval_among_the_batch_and_the_weighted_emotion(
    model: mvc.Model, make_batch: Callable[..., Batch]
) -> None:
    batch = make_batch([(7, 5), (4, 9), (6, 3), (8, 8)], views=(CONTEXT, RESPONSE))
    batch["own_context"] = torch.tensor([True, True, False, True])  # a made-up pair is nobody's answer
    output = mvc.OBJECTIVES["relevance"].loss(model.eval(), batch)
    with torch.no_grad():
        hidden = model.encoder(batch["input_ids"], batch["view_ids"])
        kept = batch["own_context"]
        sides = [model.pool(hidden, batch["view_ids"], view)[kept] for view in (CONTEXT, RESPONSE)]
    context, response = (side / side.norm(dim=-1, keepdim=True) for side in sides)
    cosines = 20 * context @ response.T
    own = torch.arange(3)
    expected = -(cosines.log_softmax(dim=1)[own, own] + cosines.log_softmax(dim=0)[own, own]).mean() / 2
    assert output.relevance_loss.item() == pytest.approx(expected.item(), abs=1e-4)
    assert output.loss.item() == pytest.approx((output.relevance_loss + 0.3 * output.emotion_loss).item(), abs=1e-6)
    assert output.empathy is None
    output.loss.backward()
    untouched = {name for name, weight in model.named_parameters() if weight.grad is None}
    assert untouched == {name for name, _ in model.named_parameters() if name.startswith(("empathy_head.", "cascade."))}
