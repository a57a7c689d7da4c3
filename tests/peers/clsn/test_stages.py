from types import SimpleNamespace
from typing import Any, cast

import torch

from peers.clsn import OBJECTIVES


def test_the_joint_stage_hands_over_both_labels() -> None:
    def forward(input_ids: Any, view_ids: Any, direction: Any, intent: Any) -> SimpleNamespace:
        return SimpleNamespace(loss=(input_ids, view_ids, direction, intent))

    names = ("input_ids", "view_ids", "direction", "intent", "other")
    batch = {name: torch.tensor(place) for place, name in enumerate(names)}
    assert list(OBJECTIVES) == ["joint"]
    found = cast(Any, OBJECTIVES["joint"](cast(Any, forward), batch).loss)
    assert [value.item() for value in found] == [0, 1, 2, 3]
