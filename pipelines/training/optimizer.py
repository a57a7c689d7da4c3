"""AdamW with a rate for the encoder and one for the heads, its schedule, and steps that never spoil the weights."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_linear_schedule_with_warmup

from pipelines.errors import NotFiniteError
from pipelines.training.configuration import StageSettings

if TYPE_CHECKING:
    from accelerate import Accelerator

# fp16 scales the loss, halves the scale and skips the step where gradients overflow. From 65,536 it takes 16 such steps
# to a scale of 1: more of them in a row are no overflow.
SKIPPED_AT_MOST = 20


def build_optimizer(module: nn.Module, stage: StageSettings, steps: int) -> tuple[torch.optim.AdamW, LambdaLR]:
    """The optimizer of a stage and its schedule over `steps` optimizer steps: linear warm-up, then linear decay.

    Parameters are grouped by encoder or head (their learning rates) and by matrix or vector (only matrices decay).
    """
    head_rate = stage.learning_rate if stage.head_learning_rate is None else stage.head_learning_rate
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:  # of an encoder below an adapter
            continue
        rate = stage.learning_rate if "encoder.backbone." in name else head_rate
        decay = stage.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    # Fused: on two cores the step over the word embeddings costs more than a forward pass otherwise.
    optimizer = torch.optim.AdamW(
        [{"params": parameters, "lr": rate, "weight_decay": decay} for (rate, decay), parameters in groups.items()],
        fused=True,
    )
    return optimizer, get_linear_schedule_with_warmup(optimizer, round(stage.warmup * steps), steps)


class Stepper:
    """Takes the optimizer steps of a training loop, none of them with a loss or gradients that are not finite.

    module, optimizer: as Accelerate prepared them.
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        scheduler: LambdaLR,
        max_grad_norm: float,
        accelerator: "Accelerator",
    ) -> None:
        self.module, self.optimizer, self.scheduler = module, optimizer, scheduler
        self.max_grad_norm, self.accelerator = max_grad_norm, accelerator
        self.skipped = 0  # steps in a row

    def step(self, losses: Sequence[float]) -> None:
        """Clip the gradients, step, and make ready for the next one.

        losses: this process's, which the gradients are of. fp16 skips a step whose gradients overflow. Raises
        NotFiniteError before the weights are changed, in every process where one of them has such a loss.
        """
        norm = float(self.accelerator.clip_grad_norm_(self.module.parameters(), self.max_grad_norm))
        bad = next((value for value in (*losses, norm) if not math.isfinite(value)), None)
        self.skipped = self.skipped + 1 if self._in_any_process(bad is not None) else 0
        if self.skipped > (0 if self.accelerator.scaler is None else SKIPPED_AT_MOST):
            what = "finite gradients" if all(map(math.isfinite, losses)) and bad is not None else "a finite loss"
            raise NotFiniteError(f"expected {what}, got {'none in another process' if bad is None else bad}")
        self.optimizer.step()
        self.optimizer.zero_grad()
        if not self.accelerator.optimizer_step_was_skipped:
            self.scheduler.step()

    def _in_any_process(self, holds: bool) -> bool:
        if self.accelerator.num_processes == 1:
            return holds
        return bool(self.accelerator.reduce(torch.tensor(float(holds), device=self.accelerator.device), "sum") > 0)


def check_weights(module: nn.Module) -> None:
    """Raise NotFiniteError where a weight is not finite: too high a rate can do that in a step whose loss is fine."""
    weights = [weight for weight in module.state_dict().values() if weight.is_floating_point()]
    if not bool(torch.stack([weight.isfinite().all() for weight in weights]).all()):
        raise NotFiniteError("expected finite weights, the last step left others")
