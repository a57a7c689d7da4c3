"""Packed views equal separate calls, and encoders that cannot be loaded or packed are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer, ModernBertConfig

from modeling.encoder import SharedEncoder, load_backbone, load_encoder_config, load_tokenizer
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE, segment_positions

LENGTHS = [(7, 11), (4, 9), (12, 5)]
MakeBatch = Callable[..., dict[str, torch.Tensor]]


def shared_encoder(folder: str) -> SharedEncoder:
    encoder = SharedEncoder(load_encoder_config(folder))
    weights = {k: v for k, v in load_backbone(folder).state_dict().items() if not k.startswith("pooler.")}
    encoder.backbone.load_state_dict(weights)
    return encoder.eval()


@torch.no_grad()
def test_packed_views_equal_two_calls(tiny_encoder: str, make_batch: MakeBatch) -> None:
    """Against padded batches of one view each, and against the stock model on bare rows."""
    encoder, stock = shared_encoder(tiny_encoder), AutoModel.from_pretrained(tiny_encoder).eval()
    batch = make_batch(LENGTHS)
    hidden = encoder(batch["input_ids"], batch["view_ids"])
    for place, view in enumerate((CONTEXT, FULL_DIALOGUE)):
        ids = torch.ones(3, 13, dtype=torch.long)
        view_ids = torch.zeros(3, 13, dtype=torch.long)
        for row, lengths in enumerate(LENGTHS):
            ids[row, : lengths[place]] = batch["input_ids"][row][batch["view_ids"][row] == view]
            view_ids[row, : lengths[place]] = view
        alone = encoder(ids, view_ids)
        for row, lengths in enumerate(LENGTHS):
            packed = hidden[row][batch["view_ids"][row] == view]
            bare = stock(input_ids=ids[row : row + 1, : lengths[place]]).last_hidden_state[0]
            assert packed.shape == (lengths[place], 32)
            torch.testing.assert_close(packed, alone[row, : lengths[place]], atol=1e-5, rtol=0)
            torch.testing.assert_close(packed, bare, atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_view_does_not_see_the_other(tiny_encoder: str, make_batch: MakeBatch) -> None:
    encoder, batch = shared_encoder(tiny_encoder), make_batch(LENGTHS)
    context = batch["view_ids"] == CONTEXT
    changed = torch.where(context, batch["input_ids"], 204 - batch["input_ids"])
    before, after = encoder(batch["input_ids"], batch["view_ids"]), encoder(changed, batch["view_ids"])
    torch.testing.assert_close(before[context], after[context], atol=1e-6, rtol=0)
    full = batch["view_ids"] == FULL_DIALOGUE
    assert (before[full] - after[full]).abs().max() > 0.1


@torch.no_grad()
def test_the_full_dialogue_sees_the_response_which_sees_itself_alone(tiny_encoder: str) -> None:
    encoder = shared_encoder(tiny_encoder)
    ids = torch.randint(5, 100, (1, 18), generator=torch.Generator().manual_seed(3))
    view_ids = torch.tensor([[CONTEXT] * 5 + [FULL_DIALOGUE] * 6 + [RESPONSE] * 7])
    before = encoder(ids, view_ids)[0]
    response = view_ids[0] == RESPONSE
    alone = encoder(ids[:, response], view_ids[:, response])[0]
    torch.testing.assert_close(before[response], alone, atol=1e-5, rtol=0)
    other_response = encoder(torch.where(view_ids == RESPONSE, 104 - ids, ids), view_ids)[0]
    changed = (other_response - before).abs().amax(dim=1) > 1e-4
    assert changed.tolist() == [False] * 5 + [True] * 13
    other_context = encoder(torch.where(view_ids == FULL_DIALOGUE, 104 - ids, ids), view_ids)[0]
    changed = (other_context - before).abs().amax(dim=1) > 1e-4
    assert changed.tolist() == [False] * 5 + [True] * 6 + [False] * 7


@torch.no_grad()
def test_padding_changes_nothing_and_is_not_nan(tiny_encoder: str, make_batch: MakeBatch) -> None:
    encoder, batch = shared_encoder(tiny_encoder), make_batch(LENGTHS, padding=0)
    short = encoder(batch["input_ids"], batch["view_ids"])
    more = torch.full((3, 20), 9)
    long = encoder(torch.cat([batch["input_ids"], more], 1), torch.cat([batch["view_ids"], torch.zeros_like(more)], 1))
    real = batch["view_ids"] != 0
    torch.testing.assert_close(long[:, : short.shape[1]][real], short[real], atol=1e-6, rtol=0)
    assert long.isfinite().all()
    assert encoder(torch.ones(2, 6, dtype=torch.long), torch.zeros(2, 6, dtype=torch.long)).isfinite().all()


@torch.no_grad()
def test_padding_may_be_longer_than_the_encoder_has_positions_for(tiny_encoder: str) -> None:
    encoder = shared_encoder(tiny_encoder)
    view_ids = torch.zeros(2, 100, dtype=torch.long)
    view_ids[0, :50], view_ids[0, 50:], view_ids[1, :4] = CONTEXT, FULL_DIALOGUE, CONTEXT
    assert segment_positions(view_ids)[1, 4:].tolist() == [0] * 96
    hidden = encoder(torch.full((2, 100), 6), view_ids)
    assert not hidden.isnan().any()


@pytest.mark.parametrize(("kind", "first"), [("bert", 0), ("roberta", 2)])
def test_positions_start_where_the_encoder_counts_from(
    kind: str, first: int, tiny_encoders: dict[str, str], make_batch: MakeBatch
) -> None:
    encoder, seen = shared_encoder(tiny_encoders[kind]), []
    encoder.backbone.register_forward_pre_hook(lambda _, args, kwargs: seen.append(kwargs), with_kwargs=True)
    batch = make_batch([(3, 2)], padding=1)
    encoder(batch["input_ids"], batch["view_ids"])
    assert len(seen) == 1
    assert seen[0]["position_ids"].tolist() == [[first, first + 1, first + 2, first, first + 1, first]]


@torch.no_grad()
def test_each_view_may_use_all_positions(tiny_encoder: str, make_batch: MakeBatch) -> None:
    """Two views of 64 tokens lie in a row of 128, where the encoder has positions for 64."""
    encoder, stock = shared_encoder(tiny_encoder), AutoModel.from_pretrained(tiny_encoder).eval()
    assert encoder.longest_view == 64
    batch = make_batch([(64, 64)], padding=0)
    hidden = encoder(batch["input_ids"], batch["view_ids"])
    bare = stock(input_ids=batch["input_ids"][:, 64:]).last_hidden_state
    torch.testing.assert_close(hidden[:, 64:], bare, atol=1e-5, rtol=0)


def test_no_pooler_is_left_without_a_gradient(tiny_encoder: str) -> None:
    assert not [name for name, _ in shared_encoder(tiny_encoder).named_parameters() if "pooler" in name]


def test_encoder_without_absolute_positions_is_refused() -> None:
    config = ModernBertConfig(
        vocab_size=50, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2,
    )  # fmt: skip
    with pytest.raises(ValueError, match="encoder of type 'modernbert': expected absolute position embeddings"):
        SharedEncoder(config)


@pytest.mark.parametrize("load", [load_tokenizer, load_encoder_config, load_backbone])
def test_hub_id_that_cannot_be_reached(load: Callable[[str], object]) -> None:
    with pytest.raises(OSError, match="'nobody/no-such-encoder': expected a Hub id that can be reached, a model fo"):
        load("nobody/no-such-encoder")


def test_backbone_is_loaded_in_fp32(tiny_encoder: str, tmp_path: Path) -> None:
    AutoModel.from_pretrained(tiny_encoder, dtype=torch.float16).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(tmp_path)
    assert {weight.dtype for weight in load_backbone(str(tmp_path)).parameters()} == {torch.float32}
    assert load_tokenizer(str(tmp_path)).is_fast
