"""What the base model gives to every family, seen through the baseline."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModel, ModernBertConfig

from baseline import Model
from modeling.views import FULL_DIALOGUE

MakeBatch = Callable[..., dict[str, torch.Tensor]]
LENGTHS = [(9,), (5,), (12,), (7,)]


@pytest.fixture
def batch(make_batch: MakeBatch) -> dict[str, torch.Tensor]:
    return make_batch(LENGTHS, views=(FULL_DIALOGUE,))


def tiny(folder: str, **settings: Any) -> Model:
    torch.manual_seed(3)
    return Model.from_encoder(folder, view_length=32, **settings)


def test_from_encoder_takes_the_weights_and_the_configuration(tiny_encoder: str) -> None:
    model, stock = tiny(tiny_encoder, lambda_emo=0.25), AutoModel.from_pretrained(tiny_encoder)
    given = stock.state_dict()
    for name, weight in model.encoder.backbone.state_dict().items():
        assert torch.equal(weight, given[name]), name
    assert model.config.lambda_emo == 0.25
    assert model.config.encoder["hidden_size"] == 32
    assert "transformers_version" not in model.config.encoder
    assert "architectures" not in model.config.encoder


def test_view_longer_than_the_encoder_is_refused(tiny_encoder: str) -> None:
    assert Model.from_encoder(tiny_encoder, view_length=64).config.view_length == 64
    with pytest.raises(ValueError, match=r"view_length: .* has positions for 64 tokens, got 65"):
        Model.from_encoder(tiny_encoder, view_length=65)


def test_unknown_encoders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="expected a model folder, there is none at this path"):
        Model.from_encoder(str(tmp_path / "gone"))
    with pytest.raises(OSError, match="expected an installed package 'gone_package', found none"):
        Model.from_encoder("package:gone_package")
    ModernBertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, pad_token_id=0,
                     cls_token_id=1, sep_token_id=2).save_pretrained(tmp_path)  # fmt: skip
    with pytest.raises(ValueError, match="expected absolute position embeddings"):
        Model.from_encoder(str(tmp_path))


@pytest.mark.parametrize("lambda_emo", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("kind", ["mse", "mae", "huber"])
def test_joint_loss_is_regression_plus_weighted_emotion(
    tiny_bert: str, batch: dict[str, torch.Tensor], lambda_emo: float, kind: str
) -> None:
    model = tiny(tiny_bert, lambda_emo=lambda_emo, regression_loss=kind, empathy_init=2.0).eval()
    output = model(**batch)
    difference = (output.empathy - batch["empathy"]).abs()
    regression = {
        "mse": difference.square(),
        "mae": difference,
        "huber": torch.where(difference < 1, difference.square() / 2, difference - 0.5),
    }[kind].mean()
    emotion = -output.emotion_logits.log_softmax(-1)[torch.arange(4), batch["emotion"]].mean()
    assert output.empathy_loss.item() == pytest.approx(regression.item(), abs=1e-5)
    assert output.emotion_loss.item() == pytest.approx(emotion.item(), abs=1e-5)
    assert output.loss.item() == pytest.approx((regression + lambda_emo * emotion).item(), abs=1e-5)


def test_loss_holds_only_the_labels_that_were_given(tiny_bert: str, batch: dict[str, torch.Tensor]) -> None:
    model = tiny(tiny_bert).eval()
    inputs = {"input_ids": batch["input_ids"], "view_ids": batch["view_ids"]}
    bare = model(**inputs)
    assert bare.loss is None
    assert bare.empathy_loss is None
    assert bare.emotion_loss is None
    assert bare.empathy.shape == (4,)
    assert bare.emotion_logits.shape == (4, 32)
    score = model(**inputs, empathy=batch["empathy"])
    assert score.emotion_loss is None
    assert torch.equal(score.loss, score.empathy_loss)
    emotion = model(**inputs, emotion=batch["emotion"])
    assert emotion.empathy_loss is None
    torch.testing.assert_close(emotion.loss, 0.1 * emotion.emotion_loss)


def test_absent_labels_are_passed_over(tiny_bert: str, batch: dict[str, torch.Tensor]) -> None:
    model = tiny(tiny_bert).eval()
    partly = batch | {
        "empathy": batch["empathy"].index_fill(0, torch.tensor([0, 3]), float("nan")),
        "emotion": batch["emotion"].index_fill(0, torch.tensor([1]), -100),
    }
    output = model(**partly)
    squares = (output.empathy - batch["empathy"])[1:3].square()
    assert output.empathy_loss.item() == pytest.approx(squares.mean().item(), abs=1e-5)
    picked = -output.emotion_logits.log_softmax(-1)[[0, 2, 3], batch["emotion"][[0, 2, 3]]]
    assert output.emotion_loss.item() == pytest.approx(picked.mean().item(), abs=1e-5)

    none = {"empathy": torch.full((4,), float("nan")), "emotion": torch.full((4,), -100)}
    output = model(**(batch | none))
    assert output.loss.item() == 0
    output.loss.backward()
    assert not any(weight.grad.any() for weight in model.parameters() if weight.grad is not None)
    assert model.empathy_head.out.bias.grad is not None  # the loss is tied to the network: data-parallel needs it


def test_scores_are_clamped_in_evaluation_only(tiny_bert: str, batch: dict[str, torch.Tensor]) -> None:
    model = tiny(tiny_bert, empathy_init=9.0, head_dropout=0.0)
    inputs = {"input_ids": batch["input_ids"], "view_ids": batch["view_ids"], "empathy": torch.full((4,), 5.0)}
    model.train()
    training = model(**inputs)
    assert training.empathy.min() > 8
    assert training.empathy_loss.item() > 9
    training.loss.backward()
    assert model.empathy_head.out.bias.grad.item() > 6  # 2 * (9 - 5), were it not clamped
    model.eval()
    evaluated = model(**inputs)
    assert evaluated.empathy.tolist() == [5.0] * 4
    assert evaluated.empathy_loss.item() > 9  # the loss is that of the unclamped score in either mode
    low = tiny(tiny_bert, empathy_init=-2.0, empathy_range=(0, 10)).eval()
    assert low(**inputs).empathy.tolist() == [0.0] * 4


@pytest.mark.parametrize("init", [1.5, 3.0, 4.25])
def test_an_untrained_model_predicts_empathy_init(tiny_encoder: str, make_batch: MakeBatch, init: float) -> None:
    batch = make_batch([(length,) for length in range(4, 20)], views=(FULL_DIALOGUE,))
    model = tiny(tiny_encoder, empathy_init=init).eval()
    with torch.no_grad():
        empathy = model(batch["input_ids"], batch["view_ids"]).empathy
    assert empathy.mean().item() == pytest.approx(init, abs=0.15)
    assert 0 < empathy.std().item() < 0.1
    assert model.empathy_head.out.bias.item() == init
    assert not model.emotion_head.out.bias.any()


def test_gradient_checkpointing_changes_no_figure(tiny_encoder: str, batch: dict[str, torch.Tensor]) -> None:
    found = []
    for checkpointing in (False, True):
        model, calls = tiny(tiny_encoder), []
        if checkpointing:
            model.gradient_checkpointing_enable()
        model.train()
        attention = model.encoder.backbone.encoder.layer[0].attention
        attention.register_forward_hook(lambda *_, seen=calls: seen.append(1))
        torch.manual_seed(11)
        loss = model(**batch).loss
        loss.backward()
        found.append((loss.item(), {name: weight.grad for name, weight in model.named_parameters()}))
        assert len(calls) == (2 if checkpointing else 1)  # the second is the recomputation
    (plain, plain_gradients), (saved, saved_gradients) = found
    assert saved == pytest.approx(plain, abs=1e-6)
    for name, gradient in plain_gradients.items():
        torch.testing.assert_close(saved_gradients[name], gradient, atol=1e-6, rtol=1e-5, msg=name)


def test_saved_configuration_names_no_machine_path(tiny_bert: str, tmp_path: Path) -> None:
    tiny(tiny_bert).save_pretrained(tmp_path)
    assert tiny_bert not in (tmp_path / "config.json").read_text()
    assert json.loads((tmp_path / "config.json").read_text())["encoder"]["model_type"] == "bert"
