"""The cascaded label signal network: outputs, losses, ablations, saving."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn import functional
from transformers import AutoConfig, AutoModel

from modeling.losses import focal_loss
from modeling.views import FULL_DIALOGUE
from peers.clsn import OBJECTIVES, Config, Model
from peers.clsn.model import max_over_tokens

Batch = dict[str, torch.Tensor]
LENGTHS = [(9,), (5,), (12,), (7,)]
ABLATIONS = [
    {},
    {"cascaded_attention": False},
    {"label_signal": False},
    {"cascaded_attention": False, "label_signal": False},
    {"loss": "cross_entropy", "num_directions": 2, "attention_layers": 1},
]


@pytest.fixture
def batch(make_batch: Callable[..., Batch]) -> Batch:
    rows = make_batch(LENGTHS, views=(FULL_DIALOGUE,))
    words = {name: rows[name] for name in ("input_ids", "view_ids")}
    return words | {"direction": torch.tensor([0, 1, 1, 0]), "intent": torch.tensor([8, 0, 3, 5])}


def tiny(folder: str, **settings: object) -> Model:
    torch.manual_seed(3)
    return Model.from_encoder(folder, view_length=32, **settings)


def test_the_highest_value_of_a_sentence() -> None:
    states = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(2))
    found = max_over_tokens(states, torch.arange(5) < torch.tensor([[3], [1]]))
    assert torch.equal(found, torch.stack([states[0, :3].max(dim=0).values, states[1, 0]]))


@torch.no_grad()
@pytest.mark.parametrize("settings", ABLATIONS)
def test_outputs(tiny_encoder: str, batch: Batch, settings: dict[str, object]) -> None:
    model, calls = tiny(tiny_encoder, **settings).eval(), []
    model.encoder.backbone.register_forward_hook(lambda *_: calls.append(1))
    output = model(**batch)
    assert len(calls) == 1
    assert output.direction_logits.shape == (4, settings.get("num_directions", 3))
    assert output.intent_logits.shape == (4, 9)
    assert output.pooled.shape == (4, 32)
    assert all(value.isfinite().all() for value in output.values())
    torch.testing.assert_close(model.direction_head(output.pooled), output.direction_logits)


@torch.no_grad()
def test_the_loss_is_the_weighted_sum_of_both_tasks(tiny_bert: str, batch: Batch) -> None:
    model = tiny(tiny_bert, intent_weight=0.3, eta=2.0).eval()
    output = model(**batch)
    for name in ("direction", "intent"):
        expected = focal_loss(output[f"{name}_logits"], batch[name], 2.0)
        assert output[f"{name}_loss"].item() == pytest.approx(expected.item())
    joint = output.direction_loss.item() + 0.3 * output.intent_loss.item()
    assert output.loss.item() == pytest.approx(joint)

    model.config.loss = "cross_entropy"
    expected = functional.cross_entropy(output.direction_logits, batch["direction"])
    assert model(**batch).direction_loss.item() == pytest.approx(expected.item())


@torch.no_grad()
def test_labels_are_optional(tiny_bert: str, batch: Batch) -> None:
    model = tiny(tiny_bert, intent_weight=0.3).eval()
    words = {name: batch[name] for name in ("input_ids", "view_ids")}
    assert model(**words).loss is None
    alone = model(**words, direction=batch["direction"])
    assert alone.intent_loss is None
    assert alone.loss.item() == pytest.approx(alone.direction_loss.item())
    second = model(**words, intent=batch["intent"])
    assert second.direction_loss is None
    assert second.loss.item() == pytest.approx(0.3 * second.intent_loss.item())


@pytest.mark.parametrize("settings", ABLATIONS)
def test_a_gradient_reaches_every_weight(tiny_encoder: str, batch: Batch, settings: dict[str, object]) -> None:
    model = tiny(tiny_encoder, head_dropout=0.0, **settings)
    model(**batch).loss.backward()
    lacking = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert lacking == []


@torch.no_grad()
@pytest.mark.parametrize("settings", ABLATIONS)
def test_padding_changes_nothing(tiny_encoder: str, batch: Batch, settings: dict[str, object]) -> None:
    model = tiny(tiny_encoder, **settings).eval()
    together = model(**batch)
    for row, (length,) in enumerate(LENGTHS):
        alone = model(batch["input_ids"][row : row + 1, :length], batch["view_ids"][row : row + 1, :length])
        for name in ("direction_logits", "intent_logits", "pooled"):
            torch.testing.assert_close(alone[name][0], together[name][row], atol=1e-5, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize(
    ("settings", "learns"), [(settings, place < 3) for place, settings in enumerate(ABLATIONS[:4])]
)
def test_a_task_learns_of_the_other_unless_both_ways_are_left_out(
    tiny_bert: str, batch: Batch, settings: dict[str, object], learns: bool
) -> None:
    model = tiny(tiny_bert, **settings).eval()
    before = model(**batch)
    model.intent_projection.weight.mul_(-3)
    after = model(**batch)
    assert not torch.allclose(after.intent_logits, before.intent_logits, atol=1e-6)
    assert torch.equal(after.direction_logits, before.direction_logits) != learns


@torch.no_grad()
def test_the_signal_is_of_the_predictions_before_it(tiny_bert: str, batch: Batch) -> None:
    model, seen = tiny(tiny_bert).eval(), []
    model.label_signal.register_forward_hook(lambda _, given, __: seen.append(given[2]))
    model(**batch)
    plain = tiny(tiny_bert, label_signal=False).eval()
    plain.load_state_dict({name: model.state_dict()[name] for name in plain.state_dict()})
    before = plain(**batch)
    expected = model.label_signal.signals(before.direction_logits, before.intent_logits)
    torch.testing.assert_close(seen[0], expected)


def test_what_is_left_out_has_no_weights(tiny_bert: str) -> None:
    names = [name for name, _ in tiny(tiny_bert, **ABLATIONS[3]).named_parameters()]
    assert [name for name in names if name.startswith(("cascaded_attention", "label_signal"))] == []
    assert len(tiny(tiny_bert, attention_layers=3).cascaded_attention) == 3


@pytest.mark.parametrize("settings", ABLATIONS)
def test_round_trip(tiny_encoder: str, batch: Batch, tmp_path: Path, settings: dict[str, object]) -> None:
    model = tiny(tiny_encoder, eta=2.5, **settings).eval()
    model.save_pretrained(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    assert type(AutoConfig.from_pretrained(tmp_path)) is Config
    for reader in (Model, AutoModel):
        again = reader.from_pretrained(tmp_path)
        assert type(again) is Model
        assert again.config.eta == 2.5
        with torch.no_grad():
            before, after = model(**batch), again(**batch)
        for name, weight in model.state_dict().items():
            assert torch.equal(weight, again.state_dict()[name]), name
        assert before.keys() == after.keys()
        for name, value in before.items():  # but for rounding: it depends on where in memory a weight lies
            torch.testing.assert_close(after[name], value, atol=1e-6, rtol=1e-5, msg=name)


def test_it_learns_sixteen_sentences_by_heart(tiny_bert: str, make_batch: Callable[..., Batch]) -> None:
    rows, random = make_batch([(7,), (9,)] * 8, views=(FULL_DIALOGUE,)), torch.Generator().manual_seed(5)
    batch = {name: rows[name] for name in ("input_ids", "view_ids")}
    batch |= {"direction": torch.randint(0, 3, (16,), generator=random)}
    batch |= {"intent": torch.randint(0, 9, (16,), generator=random)}
    model = tiny(tiny_bert).eval()  # without dropout
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        OBJECTIVES["joint"](model, batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    output = model(**batch)
    assert output.direction_logits.argmax(dim=1).tolist() == batch["direction"].tolist()
    assert output.intent_logits.argmax(dim=1).tolist() == batch["intent"].tolist()


def test_the_projections_start_as_the_identity(tiny_encoder: str) -> None:
    model = tiny(tiny_encoder)
    for projection in (model.direction_projection, model.intent_projection):
        torch.testing.assert_close(projection.weight, torch.eye(len(projection.weight)))
        assert not projection.bias.any()
