"""EPITOME's one stage: level and rationale together."""

from collections.abc import Callable, Mapping

from torch import Tensor

from peers.epitome.model import EpitomeModel, EpitomeOutput


def _multitask_loss(model: EpitomeModel, batch: Mapping[str, Tensor]) -> EpitomeOutput:
    return model(batch["input_ids"], batch["view_ids"], level=batch["level"], rationale=batch["rationale"])


OBJECTIVES: dict[str, Callable[[EpitomeModel, Mapping[str, Tensor]], EpitomeOutput]] = {"multitask": _multitask_loss}
