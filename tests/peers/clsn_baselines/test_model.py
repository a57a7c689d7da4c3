"""The baselines: outputs, losses, what each task sees, saving."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn import functional
from transformers import AutoConfig, AutoModel

from modeling.views import FULL_DIALOGUE
from peers.clsn_baselines import OBJECTIVES, Config, Model
from peers.clsn_baselines.configuration import KINDS

Batch = dict[str, torch.Tensor]
LENGTHS = [(9,), (5,), (12,), (7,)]
INTERACTING = ["joint_id_sf", "dcr_net", "co_gat"]


@pytest.fixture
def batch(make_batch: Callable[..., Batch]) -> Batch:
    rows = make_batch(LENGTHS, views=(FULL_DIALOGUE,))
    words = {name: rows[name] for name in ("input_ids", "view_ids")}
    return words | {"direction": torch.tensor([0, 2, 1, -1]), "intent": torch.tensor([8, 0, 3, 5])}


def tiny(folder: str, kind: str, **settings: object) -> Model:
    torch.manual_seed(3)
    return Model.from_encoder(folder, view_length=32, kind=kind, **settings)


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_outputs(tiny_encoder: str, batch: Batch, kind: str) -> None:
    model, calls = tiny(tiny_encoder, kind).eval(), []
    model.encoder.backbone.register_forward_hook(lambda *_: calls.append(1))
    output = model(**batch)
    assert len(calls) == 1
    assert output.direction_logits.shape == (4, 3)
    assert output.pooled.shape == (4, 32)
    assert all(value.isfinite().all() for value in output.values())
    torch.testing.assert_close(model.direction_head(output.pooled), output.direction_logits)
    if kind == "single_task":
        assert (output.intent_logits, output.intent_loss) == (None, None)
    else:
        assert output.intent_logits.shape == (4, 9)


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_the_weighted_sum_of_the_tasks(tiny_bert: str, batch: Batch, kind: str) -> None:
    output = tiny(tiny_bert, kind, intent_weight=0.3).eval()(**batch)
    expected = functional.cross_entropy(output.direction_logits[:3], batch["direction"][:3])  # the fourth has no label
    assert output.direction_loss.item() == pytest.approx(expected.item())
    joint = expected.item()
    if kind != "single_task":
        second = functional.cross_entropy(output.intent_logits, batch["intent"])
        assert output.intent_loss.item() == pytest.approx(second.item())
        joint += 0.3 * second.item()
    assert output.loss.item() == pytest.approx(joint)


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_optional(tiny_bert: str, batch: Batch, kind: str) -> None:
    model = tiny(tiny_bert, kind).eval()
    words = {name: batch[name] for name in ("input_ids", "view_ids")}
    assert model(**words).loss is None
    alone = model(**words, direction=batch["direction"])
    assert alone.intent_loss is None
    assert alone.loss.item() == pytest.approx(alone.direction_loss.item())


@torch.no_grad()
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_single_task_and_joint_read_one_pooled_vector(tiny_bert: str, batch: Batch, pooling: str) -> None:
    for kind in ("single_task", "joint"):
        model = tiny(tiny_bert, kind, pooling=pooling).eval()
        hidden = model.encoder(batch["input_ids"], batch["view_ids"])
        for row, (length,) in enumerate(LENGTHS):
            sentence = hidden[row, :length]
            expected = sentence[0] if pooling == "cls" else sentence.mean(dim=0)
            torch.testing.assert_close(model(**batch).pooled[row], expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_reaches_every_weight(tiny_encoder: str, batch: Batch, kind: str) -> None:
    model = tiny(tiny_encoder, kind, head_dropout=0.0)
    OBJECTIVES["joint"](model, batch).loss.backward()
    lacking = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert lacking == []


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing(tiny_encoder: str, batch: Batch, kind: str) -> None:
    model = tiny(tiny_encoder, kind).eval()
    together = model(**batch)
    for row, (length,) in enumerate(LENGTHS):
        alone = model(batch["input_ids"][row : row + 1, :length], batch["view_ids"][row : row + 1, :length])
        for name in ("direction_logits", "intent_logits", "pooled"):
            if name in together:
                torch.testing.assert_close(alone[name][0], together[name][row], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", INTERACTING)
def test_direction_learns_of_intent_where_the_network_says_so(tiny_bert: str, batch: Batch, kind: str) -> None:
    model = tiny(tiny_bert, kind).eval()
    model(**batch).direction_loss.backward()
    reached = [name for name, w in model.interaction.named_parameters() if "intent" in name and w.grad is not None]
    assert bool(reached) == (kind != "joint_id_sf")


def test_the_single_task_needs_no_intent_and_the_others_do(tiny_bert: str, batch: Batch) -> None:
    del batch["intent"]
    output = OBJECTIVES["joint"](tiny(tiny_bert, "single_task"), batch)
    assert output.loss.item() == pytest.approx(output.direction_loss.item())
    with pytest.raises(KeyError, match="intent"):
        OBJECTIVES["joint"](tiny(tiny_bert, "joint"), batch)


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(tiny_encoder: str, batch: Batch, tmp_path: Path, kind: str) -> None:
    model = tiny(tiny_encoder, kind, intent_weight=0.7).eval()
    model.save_pretrained(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    assert type(AutoConfig.from_pretrained(tmp_path)) is Config
    for reader in (Model, AutoModel):
        again = reader.from_pretrained(tmp_path)
        assert type(again) is Model
        assert (again.config.kind, again.config.intent_weight) == (kind, 0.7)
        with torch.no_grad():
            before, after = model(**batch), again(**batch)
        for name, weight in model.state_dict().items():
            assert torch.equal(weight, again.state_dict()[name]), name
        assert before.keys() == after.keys()
        for name, value in before.items():  # but for rounding: it depends on where in memory a weight lies
            torch.testing.assert_close(after[name], value, atol=1e-6, rtol=1e-5, msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_sixteen_sentences(tiny_bert: str, make_batch: Callable[..., Batch], kind: str) -> None:
    rows, random = make_batch([(7,), (9,)] * 8, views=(FULL_DIALOGUE,)), torch.Generator().manual_seed(5)
    batch = {name: rows[name] for name in ("input_ids", "view_ids")}
    batch |= {"direction": torch.randint(0, 3, (16,), generator=random)}
    batch |= {"intent": torch.randint(0, 9, (16,), generator=random)}
    model = tiny(tiny_bert, kind).eval()  # without dropout
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        OBJECTIVES["joint"](model, batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    output = model(**batch)
    for name, loss in (("direction", output.direction_loss), ("intent", output.intent_loss)):
        if loss is not None:
            # The loss of one that knows no more than how often each label occurs.
            shares = batch[name].bincount() / 16
            assert loss.item() < 0.75 * -shares.xlogy(shares).sum().item()
    assert (output.direction_logits.argmax(dim=1) == batch["direction"]).sum() >= 14
