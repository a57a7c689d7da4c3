"""What a training stage asks of a family: which views it reads, which labels it needs, and its loss."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from modeling.base import EmpathyModel
from modeling.outputs import EmpathyOutput

Batch = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Objective:
    """One kind of stage.

    name: what a YAML calls it. views: model -> the views that its batches hold. needs_empathy: whether it trains the
    score, so that only examples with one are used. loss: (model, batch) -> EmpathyOutput whose `loss` is minimised.
    trains: which parameters the stage trains, by their name in the model; None for all that can be trained.
    """

    name: str
    views: Callable[[EmpathyModel], tuple[int, ...]]
    needs_empathy: bool
    loss: Callable[[EmpathyModel, Batch], EmpathyOutput]
    trains: Callable[[str], bool] | None = None


def all_views(model: EmpathyModel) -> tuple[int, ...]:
    """Every view that the model reads."""
    return model.views


def joint_loss(model: EmpathyModel, batch: Batch) -> EmpathyOutput:
    """The family's own joint loss, L_reg + lambda_emo * L_emo."""
    return model(batch["input_ids"], batch["view_ids"], empathy=batch["empathy"], emotion=batch["emotion"])


def emotion_only_loss(model: EmpathyModel, batch: Batch) -> EmpathyOutput:
    """L_emo alone, unweighted: the sequential transfer's first stage."""
    output = model(batch["input_ids"], batch["view_ids"], emotion=batch["emotion"])
    output.loss = output.emotion_loss
    return output
