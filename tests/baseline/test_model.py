"""The baseline's network: gradients, learning, saving, and its arithmetic pinned."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModel

from baseline import Config, Model
from modeling.views import CONTEXT, FULL_DIALOGUE

Batch = dict[str, torch.Tensor]
LENGTHS = [(9,), (5,), (12,), (7,)]


@pytest.fixture
def batch(make_batch: Callable[..., Batch]) -> Batch:
    return make_batch(LENGTHS, views=(FULL_DIALOGUE,))


def tiny(folder: str, **settings: object) -> Model:
    torch.manual_seed(3)
    return Model.from_encoder(folder, view_length=32, **settings)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_outputs_and_one_encoder_call(tiny_encoder: str, batch: Batch, pooling: str) -> None:
    model, calls = tiny(tiny_encoder, pooling=pooling), []
    model.encoder.backbone.register_forward_hook(lambda *_: calls.append(1))
    output = model.eval()(**batch)
    assert len(calls) == 1
    assert output.empathy.shape == (4,)
    assert output.emotion_logits.shape == (4, 32)
    assert all(value.isfinite().all() for value in output.values())


def test_both_heads_read_the_pooled_full_dialogue(tiny_encoder: str, make_batch: Callable[..., Batch]) -> None:
    """A context view in the same rows, which the baseline is not given in training, would change nothing."""
    model, both = tiny(tiny_encoder).eval(), make_batch([(4, 6), (3, 6)], padding=0)
    alone = {"input_ids": both["input_ids"].clone(), "view_ids": both["view_ids"].clone()}
    alone["view_ids"][both["view_ids"] == CONTEXT] = 0
    with torch.no_grad():
        packed, bare = model(both["input_ids"], both["view_ids"]), model(**alone)
    torch.testing.assert_close(packed.empathy, bare.empathy, atol=1e-6, rtol=0)
    torch.testing.assert_close(packed.emotion_logits, bare.emotion_logits, atol=1e-6, rtol=0)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_a_gradient_reaches_every_weight(tiny_encoder: str, batch: Batch, pooling: str) -> None:
    model = tiny(tiny_encoder, pooling=pooling).train()
    model(**batch).loss.backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        # A softmax over keys ignores what is added to all of them: that gradient is 0 but for rounding.
        assert weight.grad.any() or name.endswith("key.bias"), name


def test_it_learns_and_does_not_collapse_to_the_mean(
    tiny_encoder: str, toy_task: Callable[[int, int], Batch], train_toy: Callable[..., None]
) -> None:
    model = tiny(tiny_encoder)
    train_toy(model, toy_task, steps=60)
    unseen = toy_task(200, 5)
    with torch.no_grad():
        empathy = model(unseen["input_ids"], unseen["view_ids"]).empathy
    constant = (unseen["empathy"] - unseen["empathy"].median()).abs().mean()
    assert empathy.std() > 0.5 * unseen["empathy"].std()
    assert (empathy - unseen["empathy"]).abs().mean() < 0.5 * constant


def test_round_trip(tiny_encoder: str, batch: Batch, tmp_path: Path) -> None:
    model = tiny(tiny_encoder, pooling="mean", empathy_init=3.7, context_view="situation").eval()
    model.save_pretrained(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    assert type(AutoConfig.from_pretrained(tmp_path)) is Config
    for reader in (Model, AutoModel):
        again = reader.from_pretrained(tmp_path)
        assert type(again) is Model
        assert not again.training
        assert (again.config.context_view, again.config.empathy_init) == ("situation", 3.7)
        with torch.no_grad():
            before, after = model(**batch), again(**batch)
        for key in ("empathy", "emotion_logits", "loss"):
            assert torch.equal(before[key], after[key]), key


@pytest.mark.parametrize(
    ("kind", "empathy", "emotion", "joint"), [("bert", 0.8774, 3.4138, 1.2188), ("roberta", 0.9447, 3.4631, 1.2910)]
)
def test_golden_losses(
    kind: str,
    empathy: float,
    emotion: float,
    joint: float,
    tiny_encoders: dict[str, str],
    batch: Batch,
    fill_weights: Callable[[torch.nn.Module], None],
) -> None:
    """Fixed weights and rows: a change of the arithmetic shows here."""
    model = tiny(tiny_encoders[kind], lambda_emo=0.1).eval()
    fill_weights(model)
    output = model(**batch)
    assert output.empathy_loss.item() == pytest.approx(empathy, abs=1e-4)
    assert output.emotion_loss.item() == pytest.approx(emotion, abs=1e-4)
    assert output.loss.item() == pytest.approx(joint, abs=1e-4)
