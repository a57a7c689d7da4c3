"""Contexts are remembered up to a number of them, and never as another's."""

import pytest
import torch

from pipelines.scoring.memory import ContextMemory


def vectors(*values: float) -> torch.Tensor:
    return torch.tensor(values)[:, None].expand(-1, 3)


def test_what_is_remembered_is_recalled_in_the_order_asked_for() -> None:
    memory = ContextMemory(4)
    assert not memory.has("a")
    memory.remember(["a", "b"], vectors(1, 2))
    memory.remember(["c"], vectors(3))
    assert torch.equal(memory.recall(["c", "a", "b", "a"]), vectors(3, 1, 2, 1))
    with pytest.raises(KeyError):
        memory.recall(["d"])


def test_the_least_recent_make_room() -> None:
    memory = ContextMemory(3)
    memory.remember(["a", "b", "c"], vectors(1, 2, 3))
    assert memory.has("a")  # "b" is the least recent one now
    memory.remember(["d"], vectors(4))
    assert [memory.has(text) for text in "abcd"] == [True, False, True, True]
    memory.remember(["e", "f"], vectors(5, 6))
    assert torch.equal(memory.recall(["d", "e", "f"]), vectors(4, 5, 6))


def test_a_context_that_comes_again_takes_no_second_place() -> None:
    memory = ContextMemory(2)
    memory.remember(["a", "b"], vectors(1, 2))
    memory.remember(["a", "a"], vectors(7, 7))
    assert torch.equal(memory.recall(["a", "b"]), vectors(7, 2))


def test_what_it_holds_does_not_grow() -> None:
    memory = ContextMemory(5)
    tables = set()
    for number in range(50):
        memory.remember([f"context {number}"], vectors(number))
        assert memory._table is not None
        tables.add((memory._table.data_ptr(), memory._table.shape))
    assert len(tables) == 1
    assert memory._table.shape == (5, 3)
    assert [memory.has(f"context {number}") for number in range(50)] == [False] * 45 + [True] * 5


def test_texts_that_are_no_utf_8() -> None:
    memory = ContextMemory(2)
    memory.remember(["\ud800", "\ud801"], vectors(1, 2))
    assert torch.equal(memory.recall(["\ud801"]), vectors(2))
