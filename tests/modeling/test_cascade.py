"""What the cascade hands on: values and gradients of every option."""

import math

import pytest
import torch

from modeling.cascade import GOLD_PROBABILITY, Cascade
from mvc.configuration import SIGNALS, MVCConfig

SPREAD = (1 - GOLD_PROBABILITY) / 31


def cascade(**settings: object) -> Cascade:
    torch.manual_seed(1)
    return Cascade(MVCConfig(label_embedding_size=5, **settings))


def logits(rows: int = 3) -> torch.Tensor:
    return torch.randn(rows, 32, generator=torch.Generator().manual_seed(2)) * 3 + 1


@pytest.mark.parametrize(("kind", "width"), [("logits", 32), ("probs", 32), ("label_embedding", 5), ("none", 0)])
def test_widths(kind: str, width: int) -> None:
    made = cascade(cascade_signal=kind)
    assert made.width == width
    assert made(logits()).shape == (3, width)


def test_every_signal_has_its_width_tested() -> None:
    assert SIGNALS == ("logits", "probs", "label_embedding", "none")


def test_values_by_hand() -> None:
    """Three classes with probabilities 1/6, 2/6, 3/6."""
    given = torch.tensor([[0.0, math.log(2), math.log(3)]])
    config = MVCConfig(num_labels=3, cascade_signal="logits")
    mean = math.log(6) / 3
    torch.testing.assert_close(Cascade(config)(given), torch.tensor([[-mean, math.log(2) - mean, math.log(3) - mean]]))
    config = MVCConfig(num_labels=3, cascade_signal="probs")
    torch.testing.assert_close(Cascade(config)(given), torch.tensor([[1 / 6, 2 / 6, 3 / 6]]))
    made = Cascade(MVCConfig(num_labels=3, cascade_signal="label_embedding", label_embedding_size=2))
    with torch.no_grad():
        made.label_embedding.weight.copy_(torch.tensor([[6.0, 0], [0, 6], [-6, 12]]))
    torch.testing.assert_close(made(given), torch.tensor([[1.0 - 3, 2.0 + 6]]))


@pytest.mark.parametrize("kind", ["logits", "probs", "label_embedding"])
def test_a_constant_added_to_the_logits_changes_nothing(kind: str) -> None:
    made = cascade(cascade_signal=kind)
    torch.testing.assert_close(made(logits() + 7.5), made(logits()), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["logits", "probs", "label_embedding"])
@pytest.mark.parametrize("detach", [False, True])
def test_detach_changes_no_value_but_stops_the_gradient(kind: str, detach: bool) -> None:
    given = logits().requires_grad_()
    signal = cascade(cascade_signal=kind, cascade_detach=detach)(given)
    assert torch.equal(signal, cascade(cascade_signal=kind)(given))
    if detach and kind != "label_embedding":
        assert not signal.requires_grad
        return
    (signal * torch.randn_like(signal)).sum().backward()
    assert (given.grad is None) if detach else given.grad.any()


def test_gold_mix_of_one_hands_on_the_gold_emotion() -> None:
    gold = torch.tensor([4, 0, 31])
    expected = torch.full((3, 32), SPREAD)
    expected[torch.arange(3), gold] = GOLD_PROBABILITY
    made = cascade(cascade_signal="probs", gold_mix=1.0).train()
    torch.testing.assert_close(made(logits(), gold), expected)
    made = cascade(cascade_signal="logits", gold_mix=1.0).train()
    centred = expected.log() - expected.log().mean(-1, keepdim=True)
    torch.testing.assert_close(made(logits(), gold), centred)
    made = cascade(cascade_signal="label_embedding", gold_mix=1.0).train()
    torch.testing.assert_close(made(logits(), gold), expected @ made.label_embedding.weight)


def test_gold_is_mixed_in_at_the_given_rate() -> None:
    made, given = cascade(cascade_signal="probs", gold_mix=0.3).train(), logits(20_000)
    gold = torch.randint(0, 32, (20_000,), generator=torch.Generator().manual_seed(3))
    signal = made(given, gold)
    untouched = torch.isclose(signal, given.softmax(-1), atol=1e-6).all(-1)
    mixed = torch.isclose(signal[torch.arange(20_000), gold], torch.tensor(GOLD_PROBABILITY), atol=1e-6)
    assert (untouched ^ mixed).all()
    assert mixed.float().mean().item() == pytest.approx(0.3, abs=0.015)  # over 4 standard errors


def test_unlabelled_examples_are_never_mixed() -> None:
    made, given = cascade(cascade_signal="probs", gold_mix=1.0).train(), logits(4)
    signal = made(given, torch.tensor([-100, 6, -100, 6]))
    torch.testing.assert_close(signal[[0, 2]], given[[0, 2]].softmax(-1))
    assert signal[1, 6].item() == pytest.approx(GOLD_PROBABILITY) == signal[3, 6].item()


def test_gold_is_never_used_in_evaluation() -> None:
    made = cascade(cascade_signal="probs", gold_mix=1.0).eval()
    assert torch.equal(made(logits(), torch.tensor([1, 2, 3])), logits().softmax(-1))
