"""From texts and labels to the rows of a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from pipelines.data.collator import pad_rows
from pipelines.data.encoding import encode_pairs, encode_texts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

NOT_SCORED = -100  # label of a token that no loss counts
Label = int | float | list[int]


@dataclass(frozen=True)
class PeerRow:
    """The ids of a row's views, one after the other, and its labels by name; a list has one entry a token."""

    input_ids: list[int]
    view_ids: list[int]
    labels: Mapping[str, Label] = field(default_factory=dict)


def pair_rows(
    first: Sequence[str],
    second: Sequence[str],
    views: tuple[int, ...],
    tokenizer: "PreTrainedTokenizerBase",
    length: int,
    labels: Mapping[str, Sequence[Label]] | None = None,
) -> list[PeerRow]:
    """Rows of text pairs: each text a view of its own (CONTEXT, RESPONSE), or both in one (FULL_DIALOGUE).

    length: tokens that a view holds at most; the oldest are cut. labels: by name, one a pair.
    """
    if views == (FULL_DIALOGUE,):
        packed = [(ids, [FULL_DIALOGUE] * len(ids)) for ids in encode_pairs([*first], [*second], tokenizer, length)]
    elif views == (CONTEXT, RESPONSE):
        both = zip(encode_texts([*first], tokenizer, length), encode_texts([*second], tokenizer, length), strict=True)
        packed = [(one + other, [CONTEXT] * len(one) + [RESPONSE] * len(other)) for one, other in both]
    else:
        raise ValueError(f"views: expected (FULL_DIALOGUE,) or (CONTEXT, RESPONSE), got {views}")
    named = labels or {}
    return [
        PeerRow(ids, view_ids, {name: values[index] for name, values in named.items()})
        for index, (ids, view_ids) in enumerate(packed)
    ]


def collate_rows(rows: Sequence[PeerRow], pad_token_id: int) -> dict[str, torch.Tensor]:
    """A batch: input_ids and view_ids (batch, length), and every label: (batch,), or (batch, length) of a token's."""
    batch = pad_rows([row.input_ids for row in rows], [row.view_ids for row in rows], pad_token_id)
    length = batch["input_ids"].shape[1]
    for name, first in rows[0].labels.items():
        values = [row.labels[name] for row in rows]
        if isinstance(first, list):
            values = [[*value, *[NOT_SCORED] * (length - len(value))] for value in values if isinstance(value, list)]
        batch[name] = torch.tensor(values, dtype=torch.float32 if isinstance(first, float) else torch.long)
    return batch
