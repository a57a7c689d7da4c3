import pytest

from pipelines.training.batches import plan_epoch

LENGTHS = [(7 * k) % 50 + 5 for k in range(203)]


def used(plan: list[list[list[list[int]]]]) -> list[int]:
    return [index for step in plan for chunk in step for share in chunk for index in share]


def test_every_example_is_used_once_in_an_epoch() -> None:
    plan = plan_epoch(LENGTHS, batch_size=8, gradient_accumulation=2, processes=1, seed=17, epoch=0)
    assert sorted(used(plan)) == list(range(203))
    assert len(plan) == 13  # ceil(203 / 16)
    assert [len(step) for step in plan] == [2] * 13
    assert len(plan[-1][-1][0]) == 3  # 203 = 12 * 16 + 8 + 3


def test_the_plan_depends_on_seed_and_epoch_alone() -> None:
    arguments = {"batch_size": 8, "gradient_accumulation": 1, "processes": 1}
    first = plan_epoch(LENGTHS, seed=17, epoch=0, **arguments)
    assert plan_epoch(LENGTHS, seed=17, epoch=0, **arguments) == first
    assert plan_epoch(LENGTHS, seed=17, epoch=1, **arguments) != first
    assert plan_epoch(LENGTHS, seed=39, epoch=0, **arguments) != first


def test_examples_of_a_step_have_similar_lengths() -> None:
    plan = plan_epoch(LENGTHS, batch_size=8, gradient_accumulation=1, processes=1, seed=17, epoch=0)
    spreads = [max(LENGTHS[i] for i in used([step])) - min(LENGTHS[i] for i in used([step])) for step in plan]
    assert sum(spreads) / len(spreads) < 10  # lengths run from 5 to 54


def test_or_they_are_drawn_at_random() -> None:
    arguments = {"batch_size": 8, "gradient_accumulation": 2, "processes": 1, "seed": 17, "epoch": 0}
    plan = plan_epoch(LENGTHS, similar_lengths=False, **arguments)
    assert sorted(used(plan)) == list(range(203))
    spreads = [max(LENGTHS[i] for i in chunk) - min(LENGTHS[i] for i in chunk) for step in plan for (chunk,) in step]
    assert sum(spreads) / len(spreads) > 30  # of eight lengths from 5 to 54
    assert plan_epoch(LENGTHS, similar_lengths=False, **arguments) == plan
    assert plan_epoch(LENGTHS, similar_lengths=False, **arguments | {"epoch": 1}) != plan


def test_long_steps_do_not_all_come_first() -> None:
    plan = plan_epoch(LENGTHS, batch_size=8, gradient_accumulation=1, processes=1, seed=17, epoch=0)
    means = [sum(LENGTHS[i] for i in used([step])) / len(used([step])) for step in plan]
    assert means != sorted(means)
    assert means != sorted(means, reverse=True)


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_take_the_same_number_of_passes_over_different_examples(processes: int) -> None:
    plan = plan_epoch(LENGTHS, batch_size=4, gradient_accumulation=2, processes=processes, seed=17, epoch=0)
    assert all(len(chunk) == processes and all(chunk) for step in plan for chunk in step)
    indices = used(plan)
    assert len(indices) == len(set(indices))
    assert len(indices) > 203 - 4 * processes  # at most one pass is dropped
