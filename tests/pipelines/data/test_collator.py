"""Padded batches."""

import pytest
import torch

from modeling.views import CONTEXT, FULL_DIALOGUE
from pipelines.data.collator import MULTIPLE, collate
from pipelines.data.encoding import NO_EMOTION, EncodedExample

NAN = float("nan")


def test_rows_are_padded_and_views_marked() -> None:
    rows = [
        EncodedExample([2, 9, 3, 2, 8, 3], [CONTEXT] * 3 + [FULL_DIALOGUE] * 3, 4.5, 27),
        EncodedExample([2, 7, 3], [CONTEXT] * 3, NAN, NO_EMOTION),
    ]
    batch = collate(rows, pad_token_id=1)
    assert batch["input_ids"].tolist() == [[2, 9, 3, 2, 8, 3, 1, 1], [2, 7, 3, 1, 1, 1, 1, 1]]
    assert batch["view_ids"].tolist() == [[1, 1, 1, 2, 2, 2, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0]]
    assert batch["emotion"].tolist() == [27, -100]
    assert batch["emotion"].dtype == torch.long
    assert batch["empathy"][0] == 4.5
    assert batch["empathy"][1].isnan()
    assert batch["empathy"].dtype == torch.float32


@pytest.mark.parametrize(("longest", "padded"), [(1, 8), (8, 8), (9, 16), (16, 16)])
def test_length_is_the_next_multiple(longest: int, padded: int) -> None:
    assert MULTIPLE == 8
    batch = collate([EncodedExample([5] * longest, [1] * longest, NAN, 0), EncodedExample([5], [1], NAN, 0)], 0)
    assert batch["input_ids"].shape == batch["view_ids"].shape == (2, padded)


def test_multi_label_emotions() -> None:
    rows = [
        EncodedExample([5], [1], NAN, [0, 3]),
        EncodedExample([5], [1], NAN, [2]),
        EncodedExample([5], [1], NAN, []),
    ]
    batch = collate(rows, 0, num_labels=5)
    assert batch["emotion"].tolist() == [[1, 0, 0, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert batch["emotion"].dtype == torch.float32
