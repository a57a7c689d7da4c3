"""Which examples go into which optimizer step: a plan that depends on the seed and the epoch alone.

Since the plan can be made anew for any epoch, a resumed run finds its place by counting steps.
"""

from collections.abc import Sequence

import torch
from transformers.trainer_pt_utils import get_length_grouped_indices

# Examples are sorted by length within groups of this many steps: little padding, and the order stays mostly random.
STEPS_PER_GROUP = 25

# [step][micro-batch][process] -> indices of examples
Plan = list[list[list[list[int]]]]


def plan_epoch(
    lengths: Sequence[int],
    batch_size: int,
    gradient_accumulation: int,
    processes: int,
    seed: int,
    epoch: int,
    similar_lengths: bool = True,
) -> Plan:
    """Plan an epoch: [step][micro-batch][process] -> indices of the examples.

    Within a step they are of similar length, or else drawn at random. Every example is used once. With several
    processes, a last micro-batch too small for each of them to get an example is dropped, since data-parallel processes
    must take the same number of passes.
    """
    generator = torch.Generator().manual_seed(seed * 100_003 + epoch)
    per_pass = batch_size * processes
    per_step = per_pass * gradient_accumulation
    if similar_lengths:
        order = get_length_grouped_indices(
            list(lengths), per_step, mega_batch_mult=STEPS_PER_GROUP, generator=generator
        )
    else:
        order = torch.randperm(len(lengths), generator=generator).tolist()
    steps = [order[start : start + per_step] for start in range(0, len(order), per_step)]
    # Sorted groups leave the steps in order of length: shuffle them, the incomplete one stays last.
    complete = [step for step in steps if len(step) == per_step]
    shuffled = [complete[index] for index in torch.randperm(len(complete), generator=generator).tolist()]
    plan: Plan = []
    for step in shuffled + steps[len(complete) :]:
        passes = [step[start : start + per_pass] for start in range(0, len(step), per_pass)]
        shared = [[chunk[rank::processes] for rank in range(processes)] for chunk in passes]
        kept = [chunk for chunk in shared if all(chunk)]
        if kept:
            plan.append(kept)
    return plan
