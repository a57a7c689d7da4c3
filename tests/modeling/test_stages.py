"""Losses of the stages that families share."""

from collections.abc import Callable

import pytest
import torch

from baseline import Model
from modeling.stages import emotion_only_loss, joint_loss
from modeling.views import FULL_DIALOGUE


@pytest.fixture
def batch(make_batch: Callable[..., dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return make_batch([(9,), (5,), (12,)], views=(FULL_DIALOGUE,))


@pytest.fixture
def model(tiny_bert: str) -> Model:
    torch.manual_seed(3)
    return Model.from_encoder(tiny_bert, view_length=32, lambda_emo=0.2).eval()


def test_joint_loss_is_the_model_s_own(model: Model, batch: dict[str, torch.Tensor]) -> None:
    output = joint_loss(model, batch)
    assert torch.equal(output.loss, model(**batch).loss)
    assert output.loss.item() == pytest.approx(output.empathy_loss.item() + 0.2 * output.emotion_loss.item())


def test_emotion_only_loss_is_unweighted_and_leaves_the_score_alone(
    model: Model, batch: dict[str, torch.Tensor]
) -> None:
    output = emotion_only_loss(model, batch)
    assert output.empathy_loss is None
    assert torch.equal(output.loss, output.emotion_loss)
    assert output.loss.item() == pytest.approx(model(**batch).emotion_loss.item())
    output.loss.backward()
    assert all(weight.grad is None for weight in model.empathy_head.parameters())
    assert all(weight.grad.any() for weight in model.emotion_head.parameters())
