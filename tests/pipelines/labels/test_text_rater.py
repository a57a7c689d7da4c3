"""The small rater that labelling functions are made of."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from modeling.encoder import load_backbone, load_tokenizer
from pipelines.labels import text_rater
from pipelines.labels.text_rater import (
    RaterRecipe,
    embed,
    item_means,
    load_or_train,
    precision_for,
    rate,
    tokenize,
    train_rater,
)
from tests.pipelines.labels.invented import quick

RECIPE = RaterRecipe(outputs=1, epochs=8, batch_size=8, learning_rate=3e-3, head_learning_rate=3e-3, length=32)
TEXTS = [
    "My cat died .",
    "You must be proud !",
    "I am so sorry .",
    "They towed my van from my own drive",
    "Tea",
    "Oh well .",
]


@pytest.fixture(autouse=True)
def own_accelerator() -> Iterator[None]:
    with quick():
        yield


def squared(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.mse_loss(outputs.squeeze(1), targets)


def test_item_means() -> None:
    outputs = torch.tensor([[1.0, 0.0], [3.0, 4.0], [5.0, 1.0]])
    assert item_means(outputs, torch.tensor([1, 0, 1])).tolist() == [[3.0, 4.0], [3.0, 0.5]]


def test_tokenize_texts_and_pairs(tiny_bert: str) -> None:
    tokenizer = load_tokenizer(tiny_bert)
    (text,) = tokenize(tokenizer, ["my cat died"], None, 4)
    assert tokenizer.decode(text) == "[CLS] cat died [SEP]"  # the oldest is cut
    (pair,) = tokenize(tokenizer, ["my cat"], ["i am sorry"], 32)
    assert pair.count(tokenizer.sep_token_id) == 2


class Echo(nn.Module):
    """Gives back the second token of a row and its length."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, input_ids: torch.Tensor, view_ids: torch.Tensor) -> torch.Tensor:
        return torch.stack([input_ids[:, 1], (view_ids != 0).sum(dim=1)], dim=1).float()


def test_rate_keeps_the_order_of_the_rows() -> None:
    rng = np.random.default_rng(0)
    rows = [[2, place, *([9] * int(rng.integers(1, 40)))] for place in range(3, 103)]
    assert rate(Echo(), rows, 0, batch_size=7).tolist() == [[row[1], len(row)] for row in rows]


def test_a_slow_rating_has_a_progress_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rate(Echo(), [[2, 3]] * 5, 0, batch_size=2)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("pipelines.labels.text_rater.RATING_BAR_AFTER", 0)
    rate(Echo(), [[2, 3]] * 5, 0, batch_size=2)
    assert "rating: 100%|██████████| 3/3" in capsys.readouterr().err


def test_a_rater_learns_item_means_and_neither_padding_nor_neighbours_matter(tiny_bert: str) -> None:
    tokenizer = load_tokenizer(tiny_bert)
    rows = tokenize(tokenizer, TEXTS, None, RECIPE.length)
    rng = np.random.default_rng(0)
    # Items of one to three texts; the target is the share of texts that are the third one.
    items, targets = [], []
    for _ in range(96):
        chosen = rng.integers(0, len(rows), rng.integers(1, 4))
        items.append([rows[place] for place in chosen])
        targets.append(float(np.mean(chosen == 2)))
    rater = train_rater(tiny_bert, items, np.array(targets, np.float32), squared, RECIPE, 17, "test")
    values = rate(rater, rows, tokenizer.pad_token_id)[:, 0]
    assert values.argmax() == 2
    assert values[2] - np.delete(values, 2).max() > 0.3
    alone = [float(rate(rater, [row], tokenizer.pad_token_id)[0, 0]) for row in rows]
    assert values.tolist() == pytest.approx(alone, abs=0.02)  # bfloat16


@pytest.mark.parametrize(
    ("kernels", "precision", "dtype"), [(True, "bf16", torch.bfloat16), (False, "fp32", torch.float32)]
)
def test_bf16_is_left_to_processors_that_have_it(
    kernels: bool, precision: str, dtype: torch.dtype, tiny_bert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: kernels)
    assert precision_for(torch.device("cpu")) == precision
    assert precision_for(torch.device("cuda")) == "bf16"
    calculated = set()
    linear = functional.linear

    def noted(*arguments: torch.Tensor) -> torch.Tensor:
        result = linear(*arguments)
        calculated.add(result.dtype)
        return result

    monkeypatch.setattr(functional, "linear", noted)
    rows = tokenize(load_tokenizer(tiny_bert), TEXTS, None, RECIPE.length)
    data = [[row] for row in rows], np.arange(6, dtype=np.float32)
    rater = load_or_train(tmp_path, tiny_bert, RECIPE, lambda: data, squared, 17, "test")
    assert calculated == {dtype}
    calculated.clear()
    rate(rater, rows, 0)
    assert calculated == {dtype}
    assert json.loads((tmp_path / "rater.json").read_text())["precision"] == precision


def test_one_seed_gives_one_rater(tiny_bert: str) -> None:
    rows = tokenize(load_tokenizer(tiny_bert), TEXTS, None, RECIPE.length)
    items, targets = [[row] for row in rows], np.arange(6, dtype=np.float32)
    weights = [
        train_rater(tiny_bert, items, targets, squared, RECIPE, seed, "test").state_dict() for seed in (17, 17, 18)
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])


def test_a_rater_is_trained_once_and_comes_back_as_it_was(
    tiny_bert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = load_tokenizer(tiny_bert)
    rows = tokenize(tokenizer, TEXTS, None, RECIPE.length)

    def data() -> tuple[list[list[list[int]]], np.ndarray]:
        return [[row] for row in rows], np.arange(6, dtype=np.float32)

    def refuse(*_: object) -> None:
        raise AssertionError("trained again")

    first = load_or_train(tmp_path, tiny_bert, RECIPE, data, squared, 17, "test")
    monkeypatch.setattr(text_rater, "train_rater", refuse)
    again = load_or_train(tmp_path, tiny_bert, RECIPE, data, squared, 17, "test")
    assert (rate(first, rows, 0) == rate(again, rows, 0)).all()
    (tmp_path / "model.safetensors").unlink()  # rater.json alone is no rater
    with pytest.raises(AssertionError, match="trained again"):
        load_or_train(tmp_path, tiny_bert, RECIPE, data, squared, 17, "test")


def test_embeddings_are_the_means_of_the_pretrained_encoder_at_unit_length(tiny_bert: str) -> None:
    tokenizer = load_tokenizer(tiny_bert)
    rows = tokenize(tokenizer, TEXTS, None, 32)
    found = embed(tiny_bert, rows, tokenizer.pad_token_id)
    backbone = load_backbone(tiny_bert).eval()
    with torch.inference_mode():
        means = [backbone(input_ids=torch.tensor([row])).last_hidden_state[0].mean(dim=0) for row in rows]
    expected = functional.normalize(torch.stack(means), dim=1).numpy()
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(len(rows)), abs=1e-5)
    assert np.einsum("ij,ij->i", found, expected) == pytest.approx(np.ones(len(rows)), abs=1e-3)
