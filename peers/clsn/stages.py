"""The one stage of the cascaded label signal network: both tasks at once."""

from collections.abc import Callable, Mapping

import torch

from peers.clsn.model import CLSNModel, DirectionOutput

Batch = Mapping[str, torch.Tensor]


def _joint_loss(model: CLSNModel, batch: Batch) -> DirectionOutput:
    return model(batch["input_ids"], batch["view_ids"], direction=batch["direction"], intent=batch["intent"])


OBJECTIVES: dict[str, Callable[[CLSNModel, Batch], DirectionOutput]] = {"joint": _joint_loss}
