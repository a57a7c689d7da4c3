import numpy as np
import pytest
import torch
from torch.nn import functional

from modeling.losses import focal_loss

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-3.0, 4.0, 1.0], [1.0, 1.0, 5.0]])
LABELS = torch.tensor([0, 2, 0, -1])


@pytest.mark.parametrize("eta", [0.5, 2.0, 5.0])
def test_by_hand(eta: float) -> None:
    powers = np.exp(LOGITS.numpy()[:3].astype(np.float64))
    p = (powers / powers.sum(axis=1, keepdims=True))[[0, 1, 2], [0, 2, 0]]  # the fourth row has no label
    assert focal_loss(LOGITS, LABELS, eta).item() == pytest.approx(float(np.mean(-((1 - p) ** eta) * np.log(p))))


def test_without_focus_it_is_cross_entropy() -> None:
    expected = functional.cross_entropy(LOGITS[:3], LABELS[:3])
    assert focal_loss(LOGITS, LABELS, 0.0).item() == pytest.approx(expected.item())


def test_a_sure_example_counts_for_less_than_its_share() -> None:
    sure, unsure = LOGITS[:1], LOGITS[1:2]
    shares = []
    for eta in (0.0, 5.0):
        found = [focal_loss(row, torch.tensor([0]), eta).item() for row in (sure, unsure)]
        shares.append(found[0] / found[1])
    assert shares[1] < 0.01 < 0.1 < shares[0]


def test_no_label_is_no_loss() -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = focal_loss(logits, torch.full((4,), -1), 5.0)
    loss.backward()
    assert loss.item() == 0.0
    assert logits.grad is not None and not logits.grad.any()


@pytest.mark.parametrize("eta", [0.0, 0.5, 5.0])
def test_certainty_has_a_finite_gradient(eta: float) -> None:
    logits = torch.tensor([[200.0, 0.0, 0.0], [200.0, 0.0, 0.0]], requires_grad=True)
    focal_loss(logits, torch.tensor([0, 1]), eta).backward()
    assert logits.grad is not None and logits.grad.isfinite().all()
