"""The raters of text pairs: what they read, what their losses reach, padding, learning, saving."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn import functional
from transformers import AutoModel

from modeling.adapter import is_adapter
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from peers.text_pairs import OBJECTIVES, Model
from peers.text_pairs.configuration import CLASSIFICATION, REGRESSION
from peers.text_pairs.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES

Batch = dict[str, torch.Tensor]
LENGTHS = [(7, 11), (4, 9), (12, 5), (3, 8)]  # tokens of the first text, of the second
VIEWS = {"bi": (CONTEXT, RESPONSE), "cross": (FULL_DIALOGUE,)}
KINDS = [
    (encoding, objective)
    for encoding in VIEWS
    for objective in CLASSIFICATION + REGRESSION
    if encoding == "bi" or objective != "cosine"
]


@pytest.fixture
def make_pairs(make_batch: Callable[..., Batch]) -> Callable[[str], Batch]:
    """`make_pairs(encoding)`: four labelled rows of the encoding's views."""

    def make(encoding: str) -> Batch:
        lengths = LENGTHS if encoding == "bi" else [(sum(row),) for row in LENGTHS]
        rows = make_batch(lengths, views=VIEWS[encoding])
        labels = {"level": torch.tensor([0, 3, 1, 2]), "target": torch.tensor([0.0, 1.0, 1 / 6, 0.5])}
        return {name: rows[name] for name in ("input_ids", "view_ids")} | labels

    return make


def tiny(folder: str, encoding: str, objective: str, **settings: object) -> Model:
    torch.manual_seed(3)
    return Model.from_encoder(folder, view_length=32, encoding=encoding, objective=objective, **settings)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@torch.no_grad()
def test_a_bi_encoder_reads_each_text_alone(
    tiny_encoder: str, make_pairs: Callable[[str], Batch], pooling: str
) -> None:
    batch, plain = make_pairs("bi"), AutoModel.from_pretrained(tiny_encoder, add_pooling_layer=False).eval()
    scoring, rating = (tiny(tiny_encoder, "bi", name, pooling=pooling).eval() for name in ("mse", "kl"))
    for row, (first, second) in enumerate(LENGTHS):
        ids = batch["input_ids"][row : row + 1]
        states = [plain(ids[:, :first]), plain(ids[:, first : first + second])]
        one, other = (
            state.last_hidden_state[0, 0] if pooling == "cls" else state.last_hidden_state[0].mean(dim=0)
            for state in states
        )
        score = functional.cosine_similarity(one, other, dim=0)
        torch.testing.assert_close(scoring(**batch).score[row], score, atol=1e-5, rtol=0)
        logits = rating.level_head(torch.cat([one, other]))
        torch.testing.assert_close(rating(**batch).logits[row], logits, atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_cross_encoder_reads_both_as_one_sequence(tiny_encoder: str, make_pairs: Callable[[str], Batch]) -> None:
    batch, plain = make_pairs("cross"), AutoModel.from_pretrained(tiny_encoder, add_pooling_layer=False).eval()
    scoring, rating = (tiny(tiny_encoder, "cross", name).eval() for name in ("mae", "focal"))
    for row, lengths in enumerate(LENGTHS):
        vector = plain(batch["input_ids"][row : row + 1, : sum(lengths)]).last_hidden_state[0, 0]
        torch.testing.assert_close(scoring(**batch).score[row], scoring.score_head(vector), atol=1e-5, rtol=0)
        torch.testing.assert_close(rating(**batch).logits[row], rating.level_head(vector), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("encoding", "objective"), KINDS)
def test_every_loss_reaches_every_weight(
    tiny_bert: str, make_pairs: Callable[[str], Batch], encoding: str, objective: str
) -> None:
    model, batch = tiny(tiny_bert, encoding, objective, pooling="mean").train(), make_pairs(encoding)
    output = OBJECTIVES["rating"](model, batch)
    classifies = objective in CLASSIFICATION
    given, label = (output.logits, batch["level"]) if classifies else (output.score, batch["target"])
    assert given is not None and given.shape == ((4, 4) if classifies else (4,))
    assert (output.score if classifies else output.logits) is None
    torch.testing.assert_close(output.loss, (CLASSIFICATION_LOSSES | REGRESSION_LOSSES)[objective](given, label))
    output.loss.backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None and weight.grad.isfinite().all(), name
        assert weight.grad.any() or name.endswith("key.bias"), name


@pytest.mark.parametrize(("encoding", "objective"), [("bi", "kl"), ("bi", "cosine"), ("cross", "focal")])
@torch.no_grad()
def test_padding_changes_nothing(
    tiny_encoder: str, make_pairs: Callable[[str], Batch], encoding: str, objective: str
) -> None:
    model, batch = tiny(tiny_encoder, encoding, objective).eval(), make_pairs(encoding)
    padded = {
        name: functional.pad(values, (0, 40), value=5 if name == "input_ids" else 0) if values.dim() == 2 else values
        for name, values in batch.items()
    }
    before, after = model(**batch), model(**padded)
    for key in before:
        torch.testing.assert_close(after[key], before[key], atol=1e-5, rtol=0)


def test_labels_are_optional_and_the_other_kind_is_passed_over(
    tiny_bert: str, make_pairs: Callable[[str], Batch]
) -> None:
    batch = make_pairs("cross")
    inputs = (batch["input_ids"], batch["view_ids"])
    rating, scoring = tiny(tiny_bert, "cross", "cross_entropy"), tiny(tiny_bert, "cross", "mse")
    assert rating(*inputs, target=batch["target"]).loss is None
    assert scoring(*inputs, level=batch["level"]).loss is None
    assert rating(*inputs, level=batch["level"]).loss is not None


@torch.no_grad()
def test_a_regression_starts_near_the_mean_of_its_targets(tiny_bert: str, make_pairs: Callable[[str], Batch]) -> None:
    low, high = (tiny(tiny_bert, "cross", "mse", first_score=mean).eval() for mean in (0.2, 0.7))
    scores = low(**make_pairs("cross")).score
    assert (scores - 0.2).abs().max() < 0.2
    torch.testing.assert_close(high(**make_pairs("cross")).score - scores, torch.full((4,), 0.5))


def test_an_adapter_trains_in_the_encoders_place(tiny_bert: str, make_pairs: Callable[[str], Batch]) -> None:
    model = tiny(tiny_bert, "bi", "contrastive", adapter_rank=4)
    model(**make_pairs("bi")).loss.backward()
    trained = {name for name, weight in model.named_parameters() if weight.grad is not None}
    assert trained and all(is_adapter(name) for name in trained)


@pytest.mark.parametrize(("encoding", "objective"), [("bi", "cross_entropy"), ("bi", "mae"), ("cross", "mae")])
def test_round_trip(
    tiny_encoder: str, make_pairs: Callable[[str], Batch], tmp_path: Path, encoding: str, objective: str
) -> None:
    model, batch = tiny(tiny_encoder, encoding, objective, head_size=6).eval(), make_pairs(encoding)
    model.save_pretrained(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    for reader in (Model, AutoModel):
        again = reader.from_pretrained(tmp_path)
        assert type(again) is Model and again.views == VIEWS[encoding]
        with torch.no_grad():
            before, after = model(**batch), again(**batch)
        assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize(("encoding", "objective"), [("bi", "kl"), ("cross", "cross_entropy"), ("cross", "mse")])
def test_it_learns_from_a_word_of_the_second_text(tiny_bert: str, encoding: str, objective: str) -> None:
    def toy(seed: int) -> Batch:
        random = torch.Generator().manual_seed(seed)
        level = torch.randint(0, 4, (32,), generator=random)
        ids = torch.randint(20, 60, (32, 14), generator=random)
        ids[:, [0, 6]], ids[:, 10] = 2, 10 + level
        views = [CONTEXT] * 6 + [RESPONSE] * 8 if encoding == "bi" else [FULL_DIALOGUE] * 14
        view_ids = torch.tensor(views).expand(32, -1).contiguous()
        return {"input_ids": ids, "view_ids": view_ids, "level": level, "target": level / 3}

    model = tiny(tiny_bert, encoding, objective, pooling="mean").train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(60):
        OBJECTIVES["rating"](model, toy(1000 + step)).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    unseen = toy(5)
    with torch.no_grad():
        output = model.eval()(unseen["input_ids"], unseen["view_ids"])
    if objective == "mse":
        assert (output.score - unseen["target"]).abs().mean() < 0.1  # a third apart
    else:
        assert (output.logits.argmax(dim=-1) == unseen["level"]).float().mean() > 0.9


def test_a_view_longer_than_the_encoder_is_refused(tiny_bert: str) -> None:
    with pytest.raises(ValueError, match="has positions for 64 tokens, got 65"):
        Model.from_encoder(tiny_bert, view_length=65)
