"""Losses by hand, with labels absent."""

import math

import pytest
import torch

from modeling.losses import emotion_loss, empathy_loss

NAN = float("nan")


@pytest.mark.parametrize(("kind", "expected"), [("mse", (0.25 + 9) / 2), ("mae", 1.75), ("huber", (0.125 + 2.5) / 2)])
def test_empathy_loss_passes_over_absent_labels(kind: str, expected: float) -> None:
    empathy = torch.tensor([2.5, 4.0, 1.0], requires_grad=True)
    loss = empathy_loss(empathy, torch.tensor([3.0, NAN, 4.0]), kind)
    assert loss.item() == pytest.approx(expected)
    loss.backward()
    assert empathy.grad is not None
    assert empathy.grad[1] == 0
    assert empathy.grad[0] < 0
    assert empathy.grad[2] < 0


def test_emotion_loss_passes_over_absent_labels() -> None:
    logits = torch.tensor([[0.0, math.log(3)], [5.0, -5.0], [0.0, 0.0]], requires_grad=True)
    loss = emotion_loss(logits, torch.tensor([1, -100, 0]))
    assert loss.item() == pytest.approx((-math.log(0.75) + math.log(2)) / 2)
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[1].tolist() == [0, 0]
    assert logits.grad[0, 1] < 0


def test_no_label_at_all_is_zero_with_a_zero_gradient() -> None:
    empathy, logits = torch.randn(3, requires_grad=True), torch.randn(3, 5, requires_grad=True)
    total = empathy_loss(empathy, torch.full((3,), NAN), "mse") + emotion_loss(logits, torch.full((3,), -100))
    assert total.item() == 0
    total.backward()
    assert empathy.grad is not None
    assert empathy.grad.tolist() == [0, 0, 0]
    assert logits.grad is not None
    assert not logits.grad.any()


def test_half_precision_is_summed_in_fp32() -> None:
    loss = empathy_loss(torch.tensor([300.0], dtype=torch.float16), torch.tensor([1.0]), "mse")
    assert loss.dtype == torch.float32
    assert loss.item() == 299.0**2
    assert emotion_loss(torch.zeros(1, 4, dtype=torch.bfloat16), torch.tensor([2])).dtype == torch.float32
