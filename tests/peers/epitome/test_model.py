"""EPITOME's network: its arithmetic, what reaches what, learning, saving."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModel

from modeling.adapter import is_adapter
from modeling.encoder import load_encoder_weights
from modeling.views import CONTEXT, RESPONSE
from peers.epitome import OBJECTIVES, Config, Model
from peers.epitome.model import attend, known_cross_entropy

Batch = dict[str, torch.Tensor]
LENGTHS = [(7, 11), (4, 9), (12, 5), (3, 8)]  # tokens of the seeker post, of the response post


def labelled(batch: Batch) -> Batch:
    """Rows with labels: every other token of the response is in the rationale, its first and last are special."""
    view_ids = batch["view_ids"]
    rationale = torch.full_like(view_ids, -100)
    for row, (seeker, response) in enumerate(LENGTHS):
        rationale[row, seeker + 1 : seeker + response - 1] = torch.arange(response - 2) % 2
    return {
        "input_ids": batch["input_ids"],
        "view_ids": view_ids,
        "level": torch.tensor([0, 2, 1, 2]),
        "rationale": rationale,
    }


@pytest.fixture
def batch(make_batch: Callable[..., Batch]) -> Batch:
    return labelled(make_batch(LENGTHS, views=(CONTEXT, RESPONSE)))


def tiny(folder: str, **settings: object) -> Model:
    torch.manual_seed(3)
    return Model.from_encoder(folder, view_length=32, **settings)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@torch.no_grad()
def test_against_the_formulas(tiny_encoder: str, batch: Batch, pooling: str) -> None:
    """Each post alone through the plain encoder, softmax(R S^T / sqrt(d)) S + R, the heads, the losses."""
    model = tiny(tiny_encoder, pooling=pooling).eval()
    for weight in model.response_encoder.parameters():  # two encoders that differ, as after training
        weight.add_(0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(9)))
    plain, plain_response = (AutoModel.from_pretrained(tiny_encoder, add_pooling_layer=False).eval() for _ in range(2))
    plain_response.load_state_dict(model.response_encoder.backbone.state_dict())
    output = model(**batch)
    assert output.level_logits.shape == (4, 3)
    assert output.rationale_logits.shape == (*batch["input_ids"].shape, 2)
    level_losses, token_losses = [], []
    for row, (seeker, response) in enumerate(LENGTHS):
        ids = batch["input_ids"][row : row + 1, : seeker + response]
        seeker_states = plain(ids[:, :seeker]).last_hidden_state[0]
        response_states = plain_response(ids[:, seeker:]).last_hidden_state[0]
        weights = (response_states @ seeker_states.T / 32**0.5).softmax(dim=-1)
        states = response_states + weights @ seeker_states
        level = model.level_head(states[0] if pooling == "cls" else states.mean(dim=0))
        tokens = model.rationale_head(states)
        torch.testing.assert_close(output.level_logits[row], level, atol=1e-5, rtol=0)
        found = output.rationale_logits[row]
        torch.testing.assert_close(found[seeker : seeker + response], tokens, atol=1e-5, rtol=0)
        assert not found[:seeker].any() and not found[seeker + response :].any()
        level_losses.append(-level.log_softmax(dim=-1)[batch["level"][row]])
        marks = torch.arange(response - 2) % 2
        token_losses += [-token.log_softmax(dim=-1)[mark] for token, mark in zip(tokens[1:-1], marks, strict=True)]
    level_loss, rationale_loss = torch.stack(level_losses).mean(), torch.stack(token_losses).mean()
    assert len(token_losses) == 9 + 7 + 3 + 6
    torch.testing.assert_close(output.level_loss, level_loss, atol=1e-5, rtol=0)
    torch.testing.assert_close(output.rationale_loss, rationale_loss, atol=1e-5, rtol=0)
    torch.testing.assert_close(output.loss, level_loss + 0.5 * rationale_loss, atol=1e-5, rtol=0)


def test_attention_over_one_token_finds_that_token() -> None:
    response, seeker = torch.randn(2, 3, 4), torch.randn(2, 5, 4)
    mask = torch.tensor([[True, False, False, False, False], [False, False, True, False, False]])
    found = attend(response, seeker, mask)
    torch.testing.assert_close(found[0], response[0] + seeker[0, 0])
    torch.testing.assert_close(found[1], response[1] + seeker[1, 2])


@torch.no_grad()
def test_padding_and_the_order_of_the_posts_change_nothing(
    tiny_encoder: str, batch: Batch, make_batch: Callable[..., Batch]
) -> None:
    model = tiny(tiny_encoder).eval()
    before = model(**batch)
    padded = {
        name: torch.nn.functional.pad(values, (0, 40), value={"view_ids": 0, "rationale": -100}.get(name, 5))
        for name, values in batch.items()
        if name != "level"
    }
    after = model(**padded, level=batch["level"])
    length = batch["input_ids"].shape[1]
    for key in ("loss", "level_logits"):
        torch.testing.assert_close(after[key], before[key], atol=1e-5, rtol=0)
    torch.testing.assert_close(after.rationale_logits[:, :length], before.rationale_logits, atol=1e-5, rtol=0)
    assert not after.rationale_logits[:, length:].any()
    for row, (seeker, response) in enumerate(LENGTHS):
        turned = torch.arange(seeker + response).roll(response)
        alone = model(**{name: batch[name][row : row + 1, turned] for name in ("input_ids", "view_ids")})
        torch.testing.assert_close(alone.level_logits[0], before.level_logits[row], atol=1e-5, rtol=0)
        expected = before.rationale_logits[row, turned]
        torch.testing.assert_close(alone.rationale_logits[0], expected, atol=1e-5, rtol=0)


@torch.no_grad()
def test_what_the_seeker_wrote_counts(tiny_encoder: str, batch: Batch) -> None:
    model = tiny(tiny_encoder).eval()
    before = model(**batch)
    seeker = batch["view_ids"] == CONTEXT
    after = model(torch.where(seeker, 204 - batch["input_ids"], batch["input_ids"]), batch["view_ids"])
    assert (after.level_logits - before.level_logits).abs().amax(dim=1).min() > 1e-4
    scored = batch["rationale"] != -100
    assert (after.rationale_logits - before.rationale_logits)[scored].abs().amax(dim=1).min() > 1e-5


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_a_gradient_reaches_every_weight(tiny_encoder: str, batch: Batch, pooling: str) -> None:
    model = tiny(tiny_encoder, pooling=pooling).train()
    OBJECTIVES["multitask"](model, batch).loss.backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None and weight.grad.isfinite().all(), name
        assert weight.grad.any() or name.endswith("key.bias"), name


def test_each_loss_trains_its_own_head(tiny_bert: str, batch: Batch) -> None:
    for part, reached, other in (
        ("level_loss", "level_head", "rationale_head"),
        ("rationale_loss", "rationale_head", "level_head"),
    ):
        model = tiny(tiny_bert)
        model(**batch)[part].backward()
        assert all(weight.grad.any() for weight in model.get_submodule(reached).parameters())
        assert all(weight.grad is None for weight in model.get_submodule(other).parameters())


def test_labels_are_optional_one_by_one(tiny_bert: str, batch: Batch) -> None:
    model = tiny(tiny_bert, lambda_ei=0.25, lambda_re=2.0).eval()
    inputs = (batch["input_ids"], batch["view_ids"])
    without = model(*inputs)
    assert without.loss is None and without.level_loss is None and without.rationale_loss is None
    level, rationale = model(*inputs, level=batch["level"]), model(*inputs, rationale=batch["rationale"])
    assert level.rationale_loss is None and rationale.level_loss is None
    torch.testing.assert_close(level.loss, 0.25 * level.level_loss)
    torch.testing.assert_close(rationale.loss, 2.0 * rationale.rationale_loss)
    both = model(**batch)
    torch.testing.assert_close(both.loss, level.loss + rationale.loss)


def test_labels_that_are_absent_are_passed_over() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0]], requires_grad=True)
    half = known_cross_entropy(logits, torch.tensor([-100, 1]))
    assert half.item() == pytest.approx(0.31326, abs=1e-5)  # log(1 + e^-1)
    none = known_cross_entropy(logits, torch.tensor([-100, -100]))
    none.backward()
    assert none.item() == 0 and not logits.grad.any()


def test_both_encoders_start_from_the_pretrained_weights_and_are_apart(tiny_encoder: str) -> None:
    model, expected = tiny(tiny_encoder), load_encoder_weights(tiny_encoder)
    for encoder in (model.encoder, model.response_encoder):
        found = encoder.pretrained_weights()
        assert expected.keys() == found.keys()
        assert all(torch.equal(expected[name], found[name]) for name in expected)
    own = {weight.data_ptr() for weight in model.encoder.parameters()}
    assert own.isdisjoint(weight.data_ptr() for weight in model.response_encoder.parameters())


def test_adapters_on_both_encoders_train_in_their_place(tiny_encoder: str, batch: Batch) -> None:
    model, plain = tiny(tiny_encoder, adapter_rank=4), tiny(tiny_encoder)
    inputs = (batch["input_ids"], batch["view_ids"])
    with torch.no_grad():
        for head in ("level_head", "rationale_head"):
            plain.get_submodule(head).load_state_dict(model.get_submodule(head).state_dict())
        new = model.eval()(*inputs).level_logits
        torch.testing.assert_close(new, plain.eval()(*inputs).level_logits, atol=1e-6, rtol=0)
        for name, weight in model.named_parameters():  # B starts at zero, and lets no gradient reach A
            if "lora_B" in name:
                weight.normal_(std=0.1)
    model(**batch).loss.backward()
    for name, weight in model.named_parameters():
        assert weight.requires_grad == (is_adapter(name) or "_head." in name), name
        assert (weight.grad is not None) == weight.requires_grad, name
    for encoder in ("encoder.", "response_encoder."):
        adapted = [w.grad.any() for n, w in model.named_parameters() if n.startswith(encoder) and is_adapter(n)]
        assert adapted and all(adapted)


def test_gradient_checkpointing_changes_no_figure(tiny_encoder: str, batch: Batch) -> None:
    found = []
    for checkpointing in (False, True):
        model, calls = tiny(tiny_encoder).train(), []
        if checkpointing:
            model.gradient_checkpointing_enable()
        for encoder in (model.encoder, model.response_encoder):
            attention = encoder.backbone.encoder.layer[0].attention
            attention.register_forward_hook(lambda *_, seen=calls: seen.append(1))
        torch.manual_seed(11)
        loss = model(**batch).loss
        loss.backward()
        found.append((loss.item(), [weight.grad for weight in model.parameters()]))
        assert len(calls) == (4 if checkpointing else 2)  # two are recomputations
    (plain, plain_gradients), (saved, saved_gradients) = found
    assert saved == pytest.approx(plain, abs=1e-6)
    for one, other in zip(plain_gradients, saved_gradients, strict=True):
        torch.testing.assert_close(other, one, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("adapter_rank", [0, 4])
def test_round_trip(tiny_encoder: str, batch: Batch, tmp_path: Path, adapter_rank: int) -> None:
    model = tiny(tiny_encoder, adapter_rank=adapter_rank, pooling="mean", head_size=6, lambda_re=0.7).eval()
    with torch.no_grad():
        for weight in model.response_encoder.parameters():
            weight.add_(0.01)
    model.save_pretrained(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    assert tiny_encoder not in (tmp_path / "config.json").read_text()
    assert type(AutoConfig.from_pretrained(tmp_path)) is Config
    for reader in (Model, AutoModel):
        again = reader.from_pretrained(tmp_path)
        assert type(again) is Model and not again.training
        assert (again.config.lambda_re, again.config.head_size, again.config.pooling) == (0.7, 6, "mean")
        with torch.no_grad():
            before, after = model(**batch), again(**batch)
        for key in ("loss", "level_logits", "rationale_logits"):
            assert torch.equal(before[key], after[key]), key


def test_it_learns_level_and_rationale(tiny_bert: str) -> None:
    """The level is a word of the response, but one more where the seeker said a word; that word is the rationale."""

    def toy(seed: int) -> Batch:
        random = torch.Generator().manual_seed(seed)
        ids = torch.randint(20, 60, (32, 14), generator=random)
        ids[:, [0, 6]], ids[:, [5, 13]] = 2, 3
        said, word = torch.randint(0, 2, (32,), generator=random), torch.randint(0, 2, (32,), generator=random)
        place = torch.randint(8, 12, (32,), generator=random)
        ids[:, 3] = 12 + said
        ids[torch.arange(32), place] = 10 + word
        rationale = torch.full_like(ids, -100)
        rationale[:, 7:13] = 0
        rationale[torch.arange(32), place] = 1
        view_ids = torch.tensor([CONTEXT] * 6 + [RESPONSE] * 8).expand(32, -1).contiguous()
        return {"input_ids": ids, "view_ids": view_ids, "level": said + word, "rationale": rationale}

    model = tiny(tiny_bert).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(80):
        OBJECTIVES["multitask"](model, toy(1000 + step)).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    unseen = toy(5)
    with torch.no_grad():
        output = model.eval()(unseen["input_ids"], unseen["view_ids"])
    assert (output.level_logits.argmax(dim=-1) == unseen["level"]).float().mean() > 0.9
    scored = unseen["rationale"] != -100
    assert (output.rationale_logits.argmax(dim=-1) == unseen["rationale"])[scored].float().mean() > 0.95


def test_a_view_longer_than_the_encoder_is_refused(tiny_bert: str) -> None:
    with pytest.raises(ValueError, match="has positions for 64 tokens, got 65"):
        Model.from_encoder(tiny_bert, view_length=65)
