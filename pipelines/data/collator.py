"""From encoded rows to padded tensors."""

from collections.abc import Sequence

import torch

from pipelines.data.encoding import EncodedExample

# Lengths are padded to a multiple of this, which keeps GPU kernels on their fast shapes.
MULTIPLE = 8


def collate(
    rows: Sequence[EncodedExample], pad_token_id: int, num_labels: int | None = None
) -> dict[str, torch.Tensor]:
    """A batch: input_ids and view_ids (batch, length), empathy (batch,), emotion (batch,), own_context (batch,).

    With `num_labels` the emotions are multi-label: emotion (batch, num_labels) of 0 and 1.
    """
    length = -(-max(len(row.input_ids) for row in rows) // MULTIPLE) * MULTIPLE
    input_ids = torch.full((len(rows), length), pad_token_id, dtype=torch.long)
    view_ids = torch.zeros((len(rows), length), dtype=torch.long)
    for index, row in enumerate(rows):
        input_ids[index, : len(row.input_ids)] = torch.tensor(row.input_ids)
        view_ids[index, : len(row.view_ids)] = torch.tensor(row.view_ids)
    if num_labels is None:
        emotion = torch.tensor([row.emotion for row in rows], dtype=torch.long)
    else:
        emotion = torch.zeros((len(rows), num_labels))
        for index, row in enumerate(rows):
            emotion[index, row.emotion] = 1.0
    return {
        "input_ids": input_ids,
        "view_ids": view_ids,
        "empathy": torch.tensor([row.empathy for row in rows], dtype=torch.float32),
        "emotion": emotion,
        "own_context": torch.tensor([row.own_context for row in rows]),
    }
