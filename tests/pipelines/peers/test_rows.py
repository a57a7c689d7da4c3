"""From texts and labels to batches."""

import pytest
import torch

from modeling.encoder import load_tokenizer
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from pipelines.peers.rows import NOT_SCORED, PeerRow, collate_rows, pair_rows

FIRST = ["Our cat died.", "I lost my race."]
SECOND = ["I am so sorry.", "Oh."]


def test_both_texts_in_one_view_or_each_in_its_own(tiny_bert: str) -> None:
    tokenizer = load_tokenizer(tiny_bert)
    labels = {"level": [2, 0], "target": [0.5, 0.0]}
    together = pair_rows(FIRST, SECOND, (FULL_DIALOGUE,), tokenizer, 32, labels)
    apart = pair_rows(FIRST, SECOND, (CONTEXT, RESPONSE), tokenizer, 32, labels)
    for one, other, first, second in zip(together, apart, FIRST, SECOND, strict=True):
        ids = [tokenizer(text)["input_ids"] for text in (first, second)]
        assert one.input_ids == ids[0] + ids[1][1:]  # one [CLS]
        assert set(one.view_ids) == {FULL_DIALOGUE}
        assert other.input_ids == ids[0] + ids[1]
        assert other.view_ids == [CONTEXT] * len(ids[0]) + [RESPONSE] * len(ids[1])
        assert len(one.input_ids) == len(one.view_ids)
    assert [row.labels for row in together] == [{"level": 2, "target": 0.5}, {"level": 0, "target": 0.0}]
    assert [row.labels for row in pair_rows(FIRST, SECOND, (FULL_DIALOGUE,), tokenizer, 32)] == [{}, {}]


def test_long_texts_lose_their_oldest_tokens(tiny_bert: str) -> None:
    tokenizer = load_tokenizer(tiny_bert)
    (row,) = pair_rows([FIRST[0] * 20 + FIRST[1]], ["Oh."], (CONTEXT, RESPONSE), tokenizer, 16)
    assert row.view_ids.count(CONTEXT) == 16
    kept = [token for token, view in zip(row.input_ids, row.view_ids, strict=True) if view == CONTEXT]
    assert kept[-6:] == tokenizer(FIRST[1])["input_ids"][-6:]
    (row,) = pair_rows([FIRST[0] * 20], [SECOND[0]], (FULL_DIALOGUE,), tokenizer, 16)
    assert len(row.input_ids) == 16
    assert row.input_ids[-5:] == tokenizer(SECOND[0])["input_ids"][-5:]


def test_other_views_are_refused(tiny_bert: str) -> None:
    with pytest.raises(ValueError, match=r"views: expected \(FULL_DIALOGUE,\) or \(CONTEXT, RESPONSE\), got \(1,\)"):
        pair_rows(FIRST, SECOND, (CONTEXT,), load_tokenizer(tiny_bert), 16)


def test_labels_become_tensors_of_their_kind() -> None:
    rows = [
        PeerRow([7, 8, 9], [1, 1, 3], {"level": 2, "target": 1.0, "rationale": [NOT_SCORED, 0, 1]}),
        PeerRow([5], [1], {"level": 0, "target": 0.25, "rationale": [1]}),
    ]
    batch = collate_rows(rows, pad_token_id=4)
    assert batch["input_ids"].tolist() == [[7, 8, 9, 4, 4, 4, 4, 4], [5, 4, 4, 4, 4, 4, 4, 4]]
    assert batch["view_ids"].tolist() == [[1, 1, 3, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]]
    assert batch["level"].tolist() == [2, 0] and batch["level"].dtype == torch.long
    assert batch["target"].tolist() == [1.0, 0.25] and batch["target"].dtype == torch.float32
    padding = [NOT_SCORED] * 5
    assert batch["rationale"].tolist() == [[NOT_SCORED, 0, 1, *padding], [1, NOT_SCORED, NOT_SCORED, *padding]]
    assert set(collate_rows([PeerRow([5], [1])], 0)) == {"input_ids", "view_ids"}
