"""A frozen encoder reads a row once, and gives what an encoder that is not frozen gives."""

from collections.abc import Callable

import pytest
import torch

from baseline import Model as BaselineModel
from modeling import memory
from modeling.memory import RowMemory


@pytest.fixture
def model(tiny_encoder: str) -> BaselineModel:
    torch.manual_seed(0)
    made: BaselineModel = BaselineModel.from_encoder(tiny_encoder, view_length=64, pooling="mean")
    return made


def test_a_frozen_encoder_gives_the_same_and_reads_once(model: BaselineModel, make_batch: Callable[..., dict]) -> None:
    batch = make_batch([(5,), (9,), (7,)], views=(2,), padding=4)
    model.eval()
    with torch.no_grad():
        expected = model(batch["input_ids"], batch["view_ids"])
    model.encoder.freeze(str(id(model)))
    calls = []
    model.encoder.backbone.register_forward_hook(lambda *_: calls.append(1))
    for mode in (False, True):
        model.train(mode)
        assert not model.encoder.backbone.training
        found = model.encoder(batch["input_ids"], batch["view_ids"])
        assert found.shape == (3, batch["input_ids"].shape[1], 32)
        assert not found.requires_grad
    model.eval()
    again = model(batch["input_ids"][[2, 0]], batch["view_ids"][[2, 0]])
    assert torch.allclose(again.empathy, expected.empathy[[2, 0]], atol=1e-5)
    assert torch.allclose(again.emotion_logits, expected.emotion_logits[[2, 0]], atol=1e-5)
    assert len(calls) == 1


def test_only_heads_train(model: BaselineModel, make_batch: Callable[..., dict]) -> None:
    model.encoder.freeze(str(id(model)))
    model.train()
    model(**make_batch([(5,), (9,)], views=(2,))).loss.backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is None) == name.startswith("encoder."), name


def test_memory_is_bounded_and_of_one_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LARGEST", 3 * 4 * 2)  # three tokens of two fp32
    first = RowMemory.of("a")
    ids, views = torch.tensor([[1, 2, 0], [3, 4, 5]]), torch.tensor([[1, 1, 0], [1, 1, 1]])

    def encode(ids: torch.Tensor, views: torch.Tensor) -> torch.Tensor:
        return ids[..., None].float().expand(-1, -1, 2)

    found = first.encode(ids, views, encode)
    assert found[..., 0].tolist() == [[1, 2, 0], [3, 4, 5]]
    assert len(first.states) == 1
    assert first.encode(ids, views, encode).equal(found)
    assert RowMemory.of("a") is first
    assert RowMemory.of("b") is not first
    assert RowMemory.of("a") is not first
