"""Every loss of the text-pair raters against the same thing calculated otherwise."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from peers.text_pairs.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, soft_levels

LOGITS = torch.tensor([[2.0, 0.0, -1.0, 0.5], [0.0, 0.0, 0.0, 0.0], [-3.0, 1.0, 2.0, 4.0]])
LEVELS = torch.tensor([0, 3, 2])
TARGETS = torch.tensor([0.0, 1.0, 0.5, 1 / 6, 0.75])
SCORES = torch.tensor([0.3, 0.9, -0.4, 0.8, 0.2])


def vectors(cosines: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Two vectors (rows, 2) of other lengths than 1 for each cosine."""
    angles = cosines.arccos()
    first = torch.tensor([[3.0, 0.0]]).expand(len(cosines), 2)
    return first, 0.7 * torch.stack([angles.cos(), angles.sin()], dim=1)


def test_cross_entropy_is_the_surprise_at_the_level() -> None:
    surprise = [-math.log(math.exp(2) / (math.exp(2) + 1 + math.exp(-1) + math.exp(0.5))), math.log(4)]
    found = CLASSIFICATION_LOSSES["cross_entropy"](LOGITS[:2], LEVELS[:2])
    assert found.item() == pytest.approx(sum(surprise) / 2, abs=1e-6)


def test_focal_loss_weighs_the_surprise_by_what_is_missing() -> None:
    chances = LOGITS.softmax(dim=-1)[torch.arange(3), LEVELS]
    expected = (-((1 - chances) ** 2) * chances.log()).mean()
    assert CLASSIFICATION_LOSSES["focal"](LOGITS, LEVELS).item() == pytest.approx(expected.item(), abs=1e-6)


def test_soft_levels_fall_by_a_factor_of_e_with_every_level_between() -> None:
    soft = soft_levels(torch.tensor([1]), 4)[0]
    weights = [math.exp(-1), 1.0, math.exp(-1), math.exp(-2)]
    assert soft.tolist() == pytest.approx([weight / sum(weights) for weight in weights], abs=1e-6)


def test_kl_is_the_divergence_from_the_soft_levels() -> None:
    total = 0.0
    for logits, level in zip(LOGITS.tolist(), LEVELS.tolist(), strict=True):
        normaliser = math.log(sum(map(math.exp, logits)))
        weights = [math.exp(-abs(level - other)) for other in range(4)]
        soft = [weight / sum(weights) for weight in weights]
        total += sum(share * (math.log(share) - (one - normaliser)) for share, one in zip(soft, logits, strict=True))
    assert CLASSIFICATION_LOSSES["kl"](LOGITS, LEVELS).item() == pytest.approx(total / 3, abs=1e-5)
    perfect = soft_levels(LEVELS, 4).log()
    assert CLASSIFICATION_LOSSES["kl"](perfect, LEVELS).item() == pytest.approx(0.0, abs=1e-6)


def test_mse_and_mae() -> None:
    gaps = [one - other for one, other in zip(SCORES.tolist(), TARGETS.tolist(), strict=True)]
    assert REGRESSION_LOSSES["mse"](SCORES, TARGETS).item() == pytest.approx(sum(g * g for g in gaps) / 5, abs=1e-6)
    assert REGRESSION_LOSSES["mae"](SCORES, TARGETS).item() == pytest.approx(sum(map(abs, gaps)) / 5, abs=1e-6)


def test_contrastive_by_hand() -> None:
    """sentence-transformers' ContrastiveLoss: half of y d^2 + (1 - y) max(0, margin - d)^2, d = 1 - cosine."""
    # target 0: d .7 is beyond the margin of .5. 1: d .1. 1/2: d 1.4. 1/6: d .2, .3 inside the margin. 3/4: d .8.
    parts = [0.0, 0.01, 0.5 * 1.96, 0.04 / 6 + 0.09 * 5 / 6, 0.75 * 0.64]
    found = REGRESSION_LOSSES["contrastive"](SCORES, TARGETS)
    assert found.item() == pytest.approx(sum(parts) / 2 / 5, abs=1e-6)


def test_cosine_is_torchs_cosine_embedding_loss() -> None:
    signs = torch.tensor([-1, 1, 1, -1, 1])  # targets from a half count as alike
    expected = nn.CosineEmbeddingLoss()(*vectors(SCORES), signs)
    assert REGRESSION_LOSSES["cosine"](SCORES, TARGETS).item() == pytest.approx(expected.item(), abs=1e-6)


@pytest.mark.parametrize("name", REGRESSION_LOSSES)
def test_the_right_score_is_the_least_loss_and_a_wrong_one_has_a_gradient(name: str) -> None:
    target = torch.tensor([1.0])
    assert REGRESSION_LOSSES[name](torch.tensor([1.0]), target).item() == pytest.approx(0.0, abs=1e-6)
    score = torch.tensor([0.2], requires_grad=True)
    REGRESSION_LOSSES[name](score, target).backward()
    assert score.grad is not None and score.grad.item() < 0


@pytest.mark.parametrize("losses", [CLASSIFICATION_LOSSES, REGRESSION_LOSSES], ids=["classification", "regression"])
def test_low_precision_is_summed_in_full(losses: dict[str, object]) -> None:
    given = (LOGITS, LEVELS) if losses is CLASSIFICATION_LOSSES else (SCORES, TARGETS)
    for loss in losses.values():
        found = loss(given[0].bfloat16(), given[1])  # type: ignore[operator]
        assert found.dtype == torch.float32
        assert found.item() == pytest.approx(loss(*given).item(), abs=0.02)  # type: ignore[operator]


def test_the_cosines_of_the_helper_are_those_asked_for() -> None:
    torch.testing.assert_close(functional.cosine_similarity(*vectors(SCORES)), SCORES)
