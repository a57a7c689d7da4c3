"""From encoded rows to padded tensors."""

from collections.abc import Sequence

import torch

from pipelines.data.encoding import EncodedExample

# Lengths are padded to a multiple of this, which keeps GPU kernels on their fast shapes.
MULTIPLE = 8


def pad_rows(
    input_ids: Sequence[list[int]], view_ids: Sequence[list[int]], pad_token_id: int
) -> dict[str, torch.Tensor]:
    """input_ids and view_ids (rows, length), padded to a multiple of MULTIPLE; padding is in view 0."""
    length = -(-max(map(len, input_ids)) // MULTIPLE) * MULTIPLE
    padded = {
        "input_ids": torch.full((len(input_ids), length), pad_token_id, dtype=torch.long),
        "view_ids": torch.zeros((len(input_ids), length), dtype=torch.long),
    }
    for index, (ids, views) in enumerate(zip(input_ids, view_ids, strict=True)):
        padded["input_ids"][index, : len(ids)] = torch.tensor(ids, dtype=torch.long)
        padded["view_ids"][index, : len(views)] = torch.tensor(views, dtype=torch.long)
    return padded


def collate(
    rows: Sequence[EncodedExample], pad_token_id: int, num_labels: int | None = None
) -> dict[str, torch.Tensor]:
    """A batch: input_ids and view_ids (batch, length), empathy (batch,), emotion (batch,), own_context (batch,),
    teaches (batch,).

    With `num_labels` the emotions are multi-label: emotion (batch, num_labels) of 0 and 1.
    """
    if num_labels is None:
        emotion = torch.tensor([row.emotion for row in rows], dtype=torch.long)
    else:
        emotion = torch.zeros((len(rows), num_labels))
        for index, row in enumerate(rows):
            emotion[index, row.emotion] = 1.0
    return pad_rows([row.input_ids for row in rows], [row.view_ids for row in rows], pad_token_id) | {
        "empathy": torch.tensor([row.empathy for row in rows], dtype=torch.float32),
        "emotion": emotion,
        "own_context": torch.tensor([row.own_context for row in rows]),
        "teaches": torch.tensor([row.teaches for row in rows], dtype=torch.long),
    }
