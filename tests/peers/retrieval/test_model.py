"""The bi-encoder: what its vectors depend on, its loss by hand, saving, learning."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModel

from modeling.views import CONTEXT, RESPONSE
from peers.retrieval import OBJECTIVES, Config, Model
from peers.retrieval.configuration import SIMILARITIES
from peers.retrieval.model import ROWS_AT_A_TIME, in_batch_loss, same_response
from peers.retrieval.similarity import similarities

Batch = dict[str, torch.Tensor]
LENGTHS = [(7, 5), (4, 9), (12, 5), (3, 6)]


@pytest.fixture
def batch(make_batch: Callable[..., Batch]) -> Batch:
    made = make_batch(LENGTHS, views=(CONTEXT, RESPONSE))
    return {name: made[name] for name in ("input_ids", "view_ids")} | {"dialogue": torch.tensor([0, 1, 2, 3])}


def tiny(folder: str, **settings: object) -> Model:
    torch.manual_seed(3)
    return Model.from_encoder(folder, view_length=32, **settings)


def loss_by_hand(
    context: torch.Tensor, response: torch.Tensor, candidates: list[list[int]], scale: float = 1.0
) -> float:
    """Mean over contexts of -log(exp(own) / sum of exp(candidates)); each list starts with the own response."""
    losses, context, response = [], context.detach(), response.detach()
    for row, rows in enumerate(candidates):
        scores = scale * similarities(context[row : row + 1], response[rows])[0].double()
        losses.append(torch.logsumexp(scores, 0) - scores[0])
    return float(torch.stack(losses).mean())


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_outputs_and_one_call_of_each_encoder(tiny_encoder: str, batch: Batch, similarity: str) -> None:
    model, calls = tiny(tiny_encoder, similarity=similarity).eval(), []
    for name, encoder in (("context", model.encoder), ("response", model.response_encoder)):
        encoder.backbone.register_forward_hook(lambda *_, name=name: calls.append(name))
    output = model(**batch)
    assert calls == ["context", "response"]
    assert output.response.shape == (4, 32)
    assert output.context.shape == ((4, 12, 32) if similarity == "attention" else (4, 32))
    everyone = [[row, *(other for other in range(4) if other != row)] for row in range(4)]
    scale = 1.0 if similarity == "dot" else 1 / 0.05
    assert output.loss.item() == pytest.approx(loss_by_hand(output.context, output.response, everyone, scale), abs=1e-5)
    for vectors, of_length_1 in ((output.context, similarity == "cosine"), (output.response, similarity != "dot")):
        assert torch.allclose(vectors.norm(dim=-1), torch.ones(())) == of_length_1
    assert model(batch["input_ids"], batch["view_ids"]).loss is None


@pytest.mark.parametrize("similarity", SIMILARITIES)
@torch.no_grad()
def test_each_text_is_encoded_alone_and_as_it_would_be_in_a_row_of_its_own(
    tiny_encoder: str, batch: Batch, similarity: str
) -> None:
    model = tiny(tiny_encoder, similarity=similarity, pooling="mean").eval()
    packed = model(**batch)
    for view, vectors in ((CONTEXT, packed.context), (RESPONSE, packed.response)):
        for row in range(4):
            inside = batch["view_ids"][row] == view
            alone = model.encode_view(
                batch["input_ids"][row, inside][None], torch.full((1, int(inside.sum())), view), view
            )
            of_row = vectors[row, : len(alone[0])] if vectors.ndim == 3 else vectors[row]
            torch.testing.assert_close(alone[0], of_row, atol=1e-5, rtol=0)


@torch.no_grad()
def test_many_texts_are_encoded_in_parts_of_similar_length(tiny_encoder: str, make_batch: Callable[..., Batch]) -> None:
    lengths = [(3 + 7 * row % 19, 3 + 5 * row % 11) for row in range(8 * ROWS_AT_A_TIME + 3)]
    made = make_batch(lengths, views=(CONTEXT, RESPONSE))
    model, read = tiny(tiny_encoder, pooling="mean").eval(), []
    model.encoder.register_forward_pre_hook(lambda _, inputs: read.append(inputs[1].shape))
    together = model(made["input_ids"], made["view_ids"])
    assert [rows for rows, _ in read] == [*[ROWS_AT_A_TIME] * 8, 3]
    assert [length for _, length in read] == [
        sorted(length for length, _ in lengths)[end] for end in (*range(7, 64, 8), 66)
    ]
    for row in range(len(lengths)):
        alone = model(made["input_ids"][row : row + 1], made["view_ids"][row : row + 1])
        torch.testing.assert_close(alone.context[0], together.context[row], atol=1e-5, rtol=0)
        torch.testing.assert_close(alone.response[0], together.response[row], atol=1e-5, rtol=0)


@pytest.mark.parametrize("similarity", SIMILARITIES)
@torch.no_grad()
def test_padding_changes_nothing(tiny_encoder: str, batch: Batch, similarity: str) -> None:
    model = tiny(tiny_encoder, similarity=similarity).eval()
    longer = {
        "input_ids": torch.nn.functional.pad(batch["input_ids"], (0, 6), value=9),
        "view_ids": torch.nn.functional.pad(batch["view_ids"], (0, 6)),
        "dialogue": batch["dialogue"],
    }
    before, after = model(**batch), model(**longer)
    for name in ("loss", "context", "response"):
        torch.testing.assert_close(after[name], before[name], atol=1e-5, rtol=0)


def test_other_turns_of_the_dialogue_and_the_same_response_are_no_candidates(tiny_bert: str, batch: Batch) -> None:
    model = tiny(tiny_bert).eval()
    # Rows 0 and 2 get the same response of 5 tokens, behind contexts of 7 and 12; rows 1 and 3 are of one dialogue.
    batch["input_ids"][2, 12:17] = batch["input_ids"][0, 7:12]
    batch["dialogue"] = torch.tensor([0, 7, 2, 7])
    output = model(**batch)
    allowed = [[0, 1, 3], [1, 0, 2], [2, 1, 3], [3, 0, 2]]
    assert output.loss.item() == pytest.approx(loss_by_hand(output.context, output.response, allowed), abs=1e-5)


def test_same_response_is_found_wherever_it_starts(batch: Batch) -> None:
    input_ids = batch["input_ids"]
    assert torch.equal(same_response(input_ids, batch["view_ids"]), torch.eye(4, dtype=torch.bool))
    input_ids[2, 12:17] = input_ids[0, 7:12]
    input_ids[1, 4:9] = input_ids[0, 7:12]  # the same beginning, but row 1 goes on
    expected = torch.eye(4, dtype=torch.bool)
    expected[0, 2] = expected[2, 0] = True
    assert torch.equal(same_response(input_ids, batch["view_ids"]), expected)


def test_without_candidates_there_is_nothing_to_lose() -> None:
    scores = torch.tensor([[1.0, 5.0], [2.0, 3.0]], requires_grad=True)
    loss = in_batch_loss(scores, torch.ones(2, 2, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0.0
    assert not scores.grad.any()
    only_second = torch.tensor([[True, True], [False, True]])
    expected = torch.log1p(torch.tensor(-1.0).exp()) / 2
    assert in_batch_loss(scores, only_second).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_a_gradient_reaches_every_weight(tiny_encoder: str, batch: Batch, similarity: str) -> None:
    model = tiny(tiny_encoder, similarity=similarity, pooling="mean")
    OBJECTIVES["retrieval"](model, batch | {"emotion": torch.zeros(4)}).loss.backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []
    # Adding the same to every key changes no attention, so a key's bias has no gradient but for rounding.
    lacking = [name for name, weight in model.named_parameters() if not weight.grad.any()]
    assert [name for name in lacking if not name.endswith("key.bias")] == []


def test_scores_are_not_rounded_under_autocast(tiny_bert: str, batch: Batch) -> None:
    model = tiny(tiny_bert, pooling="mean").eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        output = model(**batch)
    everyone = [[row, *(other for other in range(4) if other != row)] for row in range(4)]
    by_hand = loss_by_hand(output.context.float(), output.response.float(), everyone)
    assert output.loss.item() == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.parametrize("similarity", SIMILARITIES)
@torch.no_grad()
def test_round_trip(tiny_encoder: str, batch: Batch, tmp_path: Path, similarity: str) -> None:
    model = tiny(tiny_encoder, similarity=similarity, cosine_temperature=0.2).eval()
    model.save_pretrained(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    assert type(AutoConfig.from_pretrained(tmp_path)) is Config
    before = model(**batch)
    for reader in (Model, AutoModel):
        again = reader.from_pretrained(tmp_path)
        assert type(again) is Model
        after = again(**batch)
        assert all(torch.equal(before[name], after[name]) for name in ("loss", "context", "response"))


def toy(rows: int, seed: int) -> Batch:
    """A context and its response share one word, and no two rows of a batch the same one."""
    random = torch.Generator().manual_seed(seed)
    input_ids = torch.randint(60, 90, (rows, 10), generator=random)
    word = 5 + torch.randperm(40, generator=random)[:rows]
    input_ids[:, 2] = input_ids[:, 7] = word
    view_ids = torch.tensor([CONTEXT] * 5 + [RESPONSE] * 5).repeat(rows, 1)
    return {"input_ids": input_ids, "view_ids": view_ids, "dialogue": torch.arange(rows)}


@pytest.mark.parametrize("similarity", ["cosine", "attention"])
def test_it_learns_to_find_the_response(tiny_bert: str, similarity: str) -> None:
    model = tiny(tiny_bert, similarity=similarity, pooling="mean")
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(40):
        OBJECTIVES["retrieval"](model, toy(16, step)).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        output = model.eval()(**toy(40, 999))
    found = similarities(output.context, output.response).argmax(dim=1)
    assert (found == torch.arange(40)).float().mean() > 0.8
