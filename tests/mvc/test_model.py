"""The cascade's network: what reaches what, learning, saving, and its arithmetic pinned."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel

from modeling.cascade import Belonging, Occasion, relevance
from modeling.lessons import BELONGING, OCCASION, QUALITY
from modeling.losses import gate_loss, relevance_loss
from modeling.outputs import EmpathyOutput
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from mvc import Config, Model
from mvc.configuration import SIGNALS

Batch = dict[str, torch.Tensor]
LENGTHS = [(7, 11), (4, 9), (12, 5), (3, 8)]


@pytest.fixture
def batch(make_batch: Callable[..., Batch]) -> Batch:
    return make_batch(LENGTHS)


def tiny(folder: str, **settings: object) -> Model:
    torch.manual_seed(3)
    return Model.from_encoder(folder, view_length=32, **settings)


@pytest.mark.parametrize("signal", SIGNALS)
def test_outputs_and_one_encoder_call_for_both_views(tiny_encoder: str, batch: Batch, signal: str) -> None:
    model, calls = tiny(tiny_encoder, cascade_signal=signal).eval(), []
    model.encoder.backbone.register_forward_hook(lambda *_: calls.append(1))
    output = model(**batch)
    assert len(calls) == 1
    assert output.empathy.shape == (4,)
    assert output.emotion_logits.shape == (4, 32)
    assert all(value.isfinite().all() for value in output.values())
    joint = output.empathy_loss + 0.1 * output.emotion_loss
    assert output.loss.item() == pytest.approx(joint.item(), abs=1e-6)


@torch.no_grad()
def test_emotion_comes_from_the_context_view_alone(tiny_encoder: str, batch: Batch) -> None:
    model = tiny(tiny_encoder).eval()
    before = model(batch["input_ids"], batch["view_ids"])
    full = batch["view_ids"] == FULL_DIALOGUE
    changed = torch.where(full, 204 - batch["input_ids"], batch["input_ids"])
    after = model(changed, batch["view_ids"])
    torch.testing.assert_close(after.emotion_logits, before.emotion_logits, atol=1e-6, rtol=0)
    assert (after.empathy - before.empathy).abs().min() > 1e-4


@torch.no_grad()
def test_emotion_from_rows_with_only_the_context_view(tiny_encoder: str, batch: Batch) -> None:
    model = tiny(tiny_encoder).eval()
    packed = model(**batch)
    longest = max(context for context, _ in LENGTHS)
    view_ids = torch.where(batch["view_ids"] == CONTEXT, CONTEXT, 0)[:, :longest]
    alone = model.classify_emotion(batch["input_ids"][:, :longest], view_ids, batch["emotion"])
    torch.testing.assert_close(alone.emotion_logits, packed.emotion_logits, atol=1e-5, rtol=0)
    torch.testing.assert_close(alone.loss, packed.emotion_loss, atol=1e-5, rtol=0)
    assert alone.empathy is None
    assert model.classify_emotion(batch["input_ids"][:, :longest], view_ids).loss is None


@pytest.mark.parametrize(
    ("signal", "detach", "reaches"),
    [
        ("logits", False, True),
        ("logits", True, False),
        ("probs", False, True),
        ("probs", True, False),
        ("label_embedding", False, True),
        ("label_embedding", True, False),
        ("none", False, False),
    ],
)
def test_what_the_empathy_loss_reaches(tiny_bert: str, batch: Batch, signal: str, detach: bool, reaches: bool) -> None:
    model = tiny(tiny_bert, cascade_signal=signal, cascade_detach=detach).train()
    model(**batch).empathy_loss.backward()
    for name, weight in model.emotion_head.named_parameters():
        assert (weight.grad is not None and bool(weight.grad.any())) is reaches, name
    assert all(weight.grad.any() for weight in model.empathy_head.parameters())
    assert all(weight.grad.any() for weight in model.cascade.parameters())


@pytest.mark.parametrize(("signal", "depends"), [(signal, signal != "none") for signal in SIGNALS])
@torch.no_grad()
def test_whether_the_score_depends_on_the_emotion(tiny_bert: str, batch: Batch, signal: str, depends: bool) -> None:
    model = tiny(tiny_bert, cascade_signal=signal).eval()
    before = model(batch["input_ids"], batch["view_ids"]).empathy
    model.emotion_head.out.bias.copy_(torch.linspace(-9, 9, 32))
    after = model(batch["input_ids"], batch["view_ids"]).empathy
    assert torch.equal(before, after) is not depends


@torch.no_grad()
def test_the_gold_emotion_is_used_in_training_only(tiny_bert: str, batch: Batch) -> None:
    model = tiny(tiny_bert, gold_mix=1.0, head_dropout=0.0)
    for layer in model.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
        if hasattr(layer, "attention_probs_dropout_prob"):
            layer.attention_probs_dropout_prob = 0.0
    inputs = {"input_ids": batch["input_ids"], "view_ids": batch["view_ids"]}
    model.eval()
    without = model(**inputs).empathy
    assert torch.equal(model(**inputs, emotion=batch["emotion"]).empathy, without)
    assert torch.equal(model(**inputs, emotion=(batch["emotion"] + 5) % 32).empathy, without)
    model.train()
    torch.testing.assert_close(model(**inputs).empathy, without, atol=1e-6, rtol=0)
    unlabelled = model(**inputs, emotion=torch.full((4,), -100)).empathy
    torch.testing.assert_close(unlabelled, without, atol=1e-6, rtol=0)
    labelled = model(**inputs, emotion=batch["emotion"]).empathy
    assert (labelled - without).abs().max() > 1e-2
    pooled = model.pool(model.encoder(**inputs), batch["view_ids"], FULL_DIALOGUE)
    gold = torch.full((4, 32), 0.1 / 31).index_put((torch.arange(4), batch["emotion"]), torch.tensor(0.9)).log()
    by_hand = model.empathy_head(torch.cat([pooled, gold - gold.mean(-1, keepdim=True)], dim=-1))
    torch.testing.assert_close(labelled, by_hand, atol=1e-5, rtol=0)


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_a_gradient_reaches_every_weight(tiny_encoder: str, batch: Batch, signal: str, pooling: str) -> None:
    model = tiny(tiny_encoder, cascade_signal=signal, pooling=pooling, gold_mix=0.5).train()
    model(**batch).loss.backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.any() or name.endswith("key.bias"), name


@torch.no_grad()
def test_an_untrained_model_predicts_empathy_init(tiny_encoder: str, make_batch: Callable[..., Batch]) -> None:
    model = tiny(tiny_encoder, empathy_init=4.1).eval()
    batch = make_batch([(length, 24 - length) for length in range(4, 20)])
    empathy = model(batch["input_ids"], batch["view_ids"]).empathy
    assert empathy.mean().item() == pytest.approx(4.1, abs=0.15)
    assert 0 < empathy.std().item() < 0.1


@pytest.mark.parametrize("signal", SIGNALS)
def test_it_learns_and_does_not_collapse_to_the_mean(
    tiny_bert: str, toy_task: Callable[[int, int], Batch], train_toy: Callable[..., None], signal: str
) -> None:
    model = tiny(tiny_bert, cascade_signal=signal)
    train_toy(model, toy_task, steps=60)
    unseen = toy_task(200, 5)
    with torch.no_grad():
        empathy = model(unseen["input_ids"], unseen["view_ids"]).empathy
    constant = (unseen["empathy"] - unseen["empathy"].median()).abs().mean()
    assert empathy.std() > 0.5 * unseen["empathy"].std()
    assert (empathy - unseen["empathy"]).abs().mean() < 0.5 * constant


def test_gradient_checkpointing_changes_no_figure(tiny_bert: str, batch: Batch) -> None:
    losses, gradients = [], []
    for checkpointing in (False, True):
        model = tiny(tiny_bert).train()
        if checkpointing:
            model.gradient_checkpointing_enable()
        torch.manual_seed(11)
        loss = model(**batch).loss
        loss.backward()
        losses.append(loss.item())
        gradients.append([weight.grad for weight in model.parameters()])
    assert losses[1] == pytest.approx(losses[0], abs=1e-6)
    for plain, saved in zip(*gradients, strict=True):
        torch.testing.assert_close(saved, plain, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("signal", SIGNALS)
def test_round_trip(tiny_encoder: str, batch: Batch, tmp_path: Path, signal: str) -> None:
    model = tiny(tiny_encoder, cascade_signal=signal, gold_mix=0.5, label_embedding_size=7).eval()
    model.save_pretrained(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    assert type(AutoConfig.from_pretrained(tmp_path)) is Config
    for reader in (Model, AutoModel):
        again = reader.from_pretrained(tmp_path)
        assert type(again) is Model
        assert not again.training
        assert (again.config.cascade_signal, again.config.gold_mix) == (signal, 0.5)
        with torch.no_grad():
            before, after = model(**batch), again(**batch)
        for key in ("empathy", "emotion_logits", "loss"):
            assert torch.equal(before[key], after[key]), key


@pytest.mark.parametrize(
    ("kind", "signal", "empathy", "emotion", "joint"),
    [
        ("bert", "logits", 0.2166, 3.4632, 0.5629),
        ("bert", "probs", 0.2048, 3.4632, 0.5511),
        ("bert", "label_embedding", 0.2307, 3.4632, 0.5771),
        ("bert", "none", 0.2732, 3.4632, 0.6195),
        ("roberta", "logits", 0.1904, 3.5950, 0.5499),
    ],
)
def test_golden_losses(
    kind: str,
    signal: str,
    empathy: float,
    emotion: float,
    joint: float,
    tiny_encoders: dict[str, str],
    batch: Batch,
    fill_weights: Callable[[torch.nn.Module], None],
) -> None:
    """Fixed weights and rows: a change of the arithmetic shows here."""
    model = tiny(tiny_encoders[kind], cascade_signal=signal, lambda_emo=0.1).eval()
    fill_weights(model)
    output = model(**batch)
    assert output.empathy_loss.item() == pytest.approx(empathy, abs=1e-4)
    assert output.emotion_loss.item() == pytest.approx(emotion, abs=1e-4)
    assert output.loss.item() == pytest.approx(joint, abs=1e-4)


def three_views(seed: int = 5) -> Batch:
    ids = torch.randint(5, 100, (4, 20), generator=torch.Generator().manual_seed(seed))
    view_ids = torch.tensor([CONTEXT] * 6 + [FULL_DIALOGUE] * 6 + [RESPONSE] * 8).repeat(4, 1)
    return {"input_ids": ids, "view_ids": view_ids, "empathy": torch.tensor([1.0, 2, 4, 5]), "emotion": torch.arange(4)}


def test_relevance_by_hand() -> None:
    context, response = torch.tensor([[3.0, 4.0], [1.0, 0.0]]), torch.tensor([[4.0, 3.0], [0.0, 2.0]])
    product = relevance(context, response)
    torch.testing.assert_close(product, torch.tensor([[0.96, 0.96], [0.0, 0.0]]))
    cosine = torch.nn.functional.cosine_similarity(context, response)
    torch.testing.assert_close(product.mean(dim=1), cosine)


@torch.no_grad()
def test_with_relevance_one_call_gives_a_score_that_depends_on_all_views(tiny_encoder: str) -> None:
    model, calls = tiny(tiny_encoder, relevance=True).eval(), []
    assert model.views == (CONTEXT, FULL_DIALOGUE, RESPONSE)
    model.encoder.backbone.register_forward_hook(lambda *_: calls.append(1))
    batch = three_views()
    before = model(**batch)
    assert len(calls) == 1
    for view in model.views:
        changed = torch.where(batch["view_ids"] == view, 104 - batch["input_ids"], batch["input_ids"])
        after = model(changed, batch["view_ids"])
        assert (after.empathy - before.empathy).abs().min() > 1e-6
        assert torch.allclose(after.emotion_logits, before.emotion_logits, atol=1e-6) == (view != CONTEXT)


def test_with_relevance_a_gradient_reaches_every_weight_and_it_is_saved(tiny_encoder: str, tmp_path: Path) -> None:
    model = tiny(tiny_encoder, relevance=True, head_dropout=0.0)
    model(**three_views()).loss.backward()
    lacking = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert [name for name in lacking if "embeddings" not in name] == []
    model.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path).eval()
    assert again.config.relevance is True
    with torch.no_grad():
        torch.testing.assert_close(again(**three_views()).empathy, model.eval()(**three_views()).empathy)


def test_relevance_loss_against_every_pair_by_hand() -> None:
    generator = torch.Generator().manual_seed(1)
    context, response = torch.randn(4, 8, generator=generator), torch.randn(4, 8, generator=generator)
    own = torch.tensor([True, False, True, True])
    rows = [0, 2, 3]
    cosines = torch.tensor(
        [[float(torch.nn.functional.cosine_similarity(context[a], response[b], dim=0)) for b in rows] for a in rows]
    )
    forth = -torch.log_softmax(20 * cosines, dim=1).diagonal().mean()
    back = -torch.log_softmax(20 * cosines, dim=0).diagonal().mean()
    torch.testing.assert_close(relevance_loss(context, response, own), (forth + back) / 2)
    alone = torch.tensor([True, False, False, False])
    assert relevance_loss(context, response, alone).item() == 0.0


def test_the_relevance_loss_is_weighted_in_and_needs_its_views(tiny_encoder: str) -> None:
    model = tiny(tiny_encoder, relevance=True, relevance_weight=0.5).eval()
    batch = three_views()
    plain = model(**batch)
    assert plain.relevance_loss is None
    output = model(**batch, own_context=torch.tensor([True, True, False, True]))
    assert output.loss.item() == pytest.approx(plain.loss.item() + 0.5 * output.relevance_loss.item(), abs=1e-5)
    assert output.relevance_loss.item() > 0
    with pytest.raises(ValueError, match="relevance_weight: expected 0 or more, and 0 without relevance, got 0.5"):
        Config(relevance_weight=0.5)


def test_gate_loss_by_hand() -> None:
    logits = torch.tensor([0.0, 1.0, -2.0, 0.5, 3.0])
    labels = torch.tensor([2.0, 1.4, 5.0, 1.0, float("nan")])
    quality = torch.tensor([4.0, 3.0, 2.0, 1.0, 2.0])
    own = torch.tensor([True, False, False, False, True])
    # An own pair: 1. (1.4 - 1) / (3 - 1) = .2; 4 / 1, at most 1; nothing to lose: 0; no label: passed over.
    target = torch.tensor([1.0, 0.2, 1.0, 0.0])
    gate = logits[:4].sigmoid()
    expected = -(target * gate.log() + (1 - target) * (1 - gate).log()).mean()
    found = gate_loss(logits, labels, quality, own, lowest=1.0)
    assert found.item() == pytest.approx(expected.item(), abs=1e-6)
    assert gate_loss(logits[4:], labels[4:], quality[4:], own[4:], lowest=1.0).item() == 0.0


@torch.no_grad()
def test_a_gated_score_is_the_quality_as_far_as_both_gates_are_open(tiny_encoder: str) -> None:
    output = gated(tiny_encoder)(**three_views())
    torch.testing.assert_close(output.empathy, 1 + (output.quality - 1) * output.belonging * output.occasion)
    for gate in (output.belonging, output.occasion):
        assert ((gate > 0) & (gate < 1)).all()
    assert (output.empathy < output.quality).all()


def gated(encoder: str) -> Model:
    """A gated model whose gates are ajar."""
    model = tiny(encoder, relevance=True, gate=True).eval()
    with torch.no_grad():
        for gate in (model.belonging, model.occasion):
            gate.of_cosine.bias.fill_(-1.0)
            gate.usual.fill_(0.9)
    return model


def test_each_pair_trains_what_it_teaches(tiny_bert: str) -> None:
    """A true pair everything; a made-up one in its own context the quality and that gates open; the others a gate."""
    model, batch = gated(tiny_bert), three_views()
    own = torch.tensor([True, False, False, False])
    teaches = torch.tensor([QUALITY, QUALITY, BELONGING, OCCASION])

    def of(**changed: torch.Tensor) -> EmpathyOutput:
        return model(**dict(batch, own_context=own, teaches=teaches) | changed)

    output = of()
    errors = output.quality[:2] - batch["empathy"][:2]
    assert output.empathy_loss.item() == pytest.approx(errors.square().mean().item(), abs=1e-5)
    joint = output.empathy_loss + 0.1 * output.emotion_loss + output.gate_loss
    assert output.loss.item() == pytest.approx(joint.item(), abs=1e-6)

    hidden = model.encoder(batch["input_ids"], batch["view_ids"])
    views = {view: model.pool(hidden, batch["view_ids"], view) for view in (CONTEXT, FULL_DIALOGUE, RESPONSE)}
    product = relevance(views[CONTEXT], views[RESPONSE])
    signal = model.cascade(output.emotion_logits)
    features = torch.cat([views[FULL_DIALOGUE], signal, views[RESPONSE], product], dim=-1)
    cosine = torch.nn.functional.cosine_similarity(views[CONTEXT], views[RESPONSE])
    losses = []
    for gate, rows in ((model.belonging, [0, 1, 2]), (model.occasion, [0, 1, 3])):
        logits = gate(features, cosine)[rows]
        labels, quality = batch["empathy"][rows], model.empathy_head(features)[rows]
        losses.append(gate_loss(logits, labels, quality, torch.tensor([True, True, False]), lowest=1.0).item())
    assert output.gate_loss.item() == pytest.approx(sum(losses), abs=1e-5)

    output.gate_loss.backward()
    for gate in (model.belonging, model.occasion):
        assert all(weight.grad.any() for weight in gate.parameters())
    assert all(weight.grad is None for weight in model.empathy_head.parameters())


def test_belonging_sends_no_gradient_in_training_to_what_it_reads_and_occasion_does() -> None:
    features, cosine = torch.randn(3, 4, requires_grad=True), torch.randn(3, requires_grad=True)
    gate = Belonging(4, 8, dropout=0.0, open_from=0.94)
    gate(features, cosine).sum().backward()
    assert features.grad is None
    assert cosine.grad is None
    gate.eval()(features, cosine).sum().backward()
    assert features.grad.any()
    assert cosine.grad.any()
    features.grad = cosine.grad = None
    Occasion(4, 8, dropout=0.0)(features, cosine).sum().backward()
    assert features.grad.any()
    assert cosine.grad.any()


def test_without_further_words_all_pairs_are_true(tiny_bert: str) -> None:
    model, batch = gated(tiny_bert), three_views()
    own = torch.ones(len(batch["empathy"]), dtype=torch.bool)
    said = model(**batch, own_context=own, teaches=torch.zeros(len(own), dtype=torch.long))
    torch.testing.assert_close(model(**batch).loss, said.loss)


@torch.no_grad()
def test_the_gates_read_the_cosine_of_context_and_response(tiny_bert: str) -> None:
    model = tiny(tiny_bert, relevance=True, gate=True).eval()
    for gate in (model.belonging, model.occasion):
        gate.out.weight.zero_()
        gate.out.bias.zero_()
        gate.of_cosine.weight.fill_(0.1)
        gate.of_cosine.bias.fill_(-3.0)
        gate.usual.fill_(0.8)
    batch = three_views()
    hidden = model.encoder(batch["input_ids"], batch["view_ids"])
    views = [model.pool(hidden, batch["view_ids"], view) for view in (CONTEXT, RESPONSE)]
    logits = 20 * 0.1 * torch.nn.functional.cosine_similarity(*views) - 3
    output = model(**batch)
    torch.testing.assert_close(output.belonging, (logits.sigmoid() / (0.94 * 0.8)).clamp(max=1.0))
    torch.testing.assert_close(output.occasion, 0.25 + 0.75 * (logits - torch.tensor(4.0).log()).sigmoid())


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
def test_a_gate_opens_at_a_share_of_the_usual_probability(share: float) -> None:
    with pytest.raises(ValueError, match=re.escape(f"open_from: expected a share above 0 and up to 1, got {share}")):
        Config(open_from=share)


def test_a_gate_needs_relevance() -> None:
    with pytest.raises(ValueError, match="gate: expected relevance with it"):
        Config(gate=True)


def test_belonging_is_open_from_what_true_pairs_usually_get() -> None:
    gate = Belonging(4, 8, dropout=0.0, open_from=0.94)
    gate.learn_usual(torch.tensor(0.6))
    assert gate.usual.item() == pytest.approx(0.99 + 0.01 * 0.6)
    gate.usual.fill_(0.8)
    opened = gate.opened(torch.tensor([0.2, 0.752, 0.95]).logit())
    torch.testing.assert_close(opened, torch.tensor([0.25 / 0.94, 1.0, 1.0]))


def test_occasion_is_corrected_to_even_odds() -> None:
    """Where 9 of 10 training pairs gave occasion, a probability of .9 says no more than a coin; odds of 99, of 11."""
    gate = Occasion(4, 8, dropout=0.0)
    gate.usual.fill_(0.9)
    torch.testing.assert_close(gate.opened(torch.tensor([0.9, 0.99]).logit()), torch.tensor([0.625, 0.9375]))
    assert gate.opened(torch.tensor([-30.0])).item() == pytest.approx(0.25)  # of the quality, what stays
    gate.usual.fill_(1.0)  # without an exchange of the other kind it has learnt nothing
    torch.testing.assert_close(gate.opened(torch.tensor([-6.0, 6.0])), torch.ones(2))


def test_what_is_usual_is_learnt_from_a_batch(tiny_bert: str) -> None:
    model, batch = tiny(tiny_bert, relevance=True, gate=True), three_views()
    own = torch.tensor([True, False, False, False])
    model.train()(**batch, own_context=own, teaches=torch.tensor([QUALITY, QUALITY, BELONGING, OCCASION]))
    assert model.occasion.usual.item() == pytest.approx(0.99 + 0.01 * 0.5)
    assert 0.99 < model.belonging.usual.item() < 1
    before = model.belonging.usual.item()
    model(**batch, own_context=torch.zeros(4, dtype=torch.bool), teaches=torch.tensor([BELONGING] * 4))
    assert model.belonging.usual.item() == before  # no true pair, nothing to learn
    model.eval()(**batch, own_context=own)
    assert model.belonging.usual.item() == before  # evaluation learns nothing


def test_a_gated_model_is_saved(tiny_encoder: str, tmp_path: Path) -> None:
    model = tiny(tiny_encoder, relevance=True, gate=True)
    model(**three_views())
    model.eval().save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path).eval()
    assert again.config.gate is True
    assert again.belonging.usual.item() == model.belonging.usual.item() < 1
    with torch.no_grad():
        torch.testing.assert_close(again(**three_views()).empathy, model(**three_views()).empathy)


def test_weights_of_another_architecture_are_refused(tiny_bert: str, tmp_path: Path) -> None:
    """They would be drawn at random, and give scores."""
    gated(tiny_bert).save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights["gate_head.usual"] = weights.pop("belonging.usual")
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    for reader in (Model, AutoModel):
        with pytest.raises(ValueError, match=r"this version's MVCModel, 2 differ \(belonging.usual, gate_head.usual\)"):
            reader.from_pretrained(tmp_path)
