"""The one stage of the baselines: all tasks of the kind at once."""

from collections.abc import Callable, Mapping

import torch

from peers.clsn.model import DirectionOutput
from peers.clsn_baselines.model import CLSNBaselinesModel

Batch = Mapping[str, torch.Tensor]


def _joint_loss(model: CLSNBaselinesModel, batch: Batch) -> DirectionOutput:
    # The batches of "single_task" need no intent; those of the others do.
    intent = None if model.intent_head is None else batch["intent"]
    return model(batch["input_ids"], batch["view_ids"], direction=batch["direction"], intent=intent)


OBJECTIVES: dict[str, Callable[[CLSNBaselinesModel, Batch], DirectionOutput]] = {"joint": _joint_loss}
