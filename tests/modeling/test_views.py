"""Positions, visibility and pooling of packed views, by hand."""

import torch

from modeling.views import CONTEXT, FULL_DIALOGUE, pool_view, segment_positions, visible


def test_positions_restart_with_every_view() -> None:
    view_ids = torch.tensor([[1, 1, 1, 2, 2, 0, 0], [2, 2, 2, 2, 2, 2, 2], [1, 2, 2, 2, 2, 2, 0]])
    assert segment_positions(view_ids).tolist() == [
        [0, 1, 2, 0, 1, 0, 0],
        [0, 1, 2, 3, 4, 5, 6],
        [0, 0, 1, 2, 3, 4, 0],
    ]


def test_who_sees_whom() -> None:
    seen = visible(torch.tensor([[1, 2, 3, 0]]))
    assert seen.shape == (1, 1, 4, 4)
    assert seen[0, 0].int().tolist() == [[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def test_pooling_by_hand() -> None:
    hidden = torch.tensor([[[1.0, 10], [3, 30], [5, 50], [9, 90]], [[2.0, 0], [4, 4], [6, 8], [8, 0]]])
    view_ids = torch.tensor([[1, 1, 2, 0], [1, 2, 2, 2]])
    assert pool_view(hidden, view_ids, CONTEXT, "cls").tolist() == [[1, 10], [2, 0]]
    assert pool_view(hidden, view_ids, FULL_DIALOGUE, "cls").tolist() == [[5, 50], [4, 4]]
    assert pool_view(hidden, view_ids, CONTEXT, "mean").tolist() == [[2, 20], [2, 0]]
    assert pool_view(hidden, view_ids, FULL_DIALOGUE, "mean").tolist() == [[5, 50], [6, 4]]
