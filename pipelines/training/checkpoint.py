"""One file that holds all a killed stage needs to go on as if it had not been killed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import gather_object
from torch import nn

from pipelines.atomic import write_with
from pipelines.errors import UserError

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch.optim.lr_scheduler import LambdaLR


@dataclass
class Progress:
    """Where a stage is.

    stage_index: of the run's stages. epoch: epochs done. step_in_epoch, step: optimizer steps done in this epoch, in
    all. best, best_epoch: of the metric selected on. epochs_without_better: for patience. finished: whether the stage
    is over. sums, passes: of the losses since the last logged row. seconds: spent in the run so far.
    """

    stage_index: int
    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    best: float | None = None
    best_epoch: int | None = None
    epochs_without_better: int = 0
    finished: bool = False
    sums: dict[str, float] = field(default_factory=dict)
    passes: int = 0
    seconds: float = 0.0


def save_checkpoint(
    path: Path,
    progress: Progress,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    scheduler: "LambdaLR",
    accelerator: "Accelerator",
) -> None:
    """Write the checkpoint whole or not at all; the last good one stays where the write fails.

    Called by every process: each process's random state is in it. Raises UserError on a full disk.
    """
    random_states = gather_object([_random_state()])
    if accelerator.is_main_process:
        state = {
            "progress": asdict(progress),
            "module": accelerator.unwrap_model(module).state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "scaler": None if accelerator.scaler is None else accelerator.scaler.state_dict(),
            "random_states": random_states,
        }
        write_with(path, lambda partial: torch.save(state, partial))
    accelerator.wait_for_everyone()


def load_progress(path: Path) -> Progress | None:
    """Where the checkpoint at `path` is; None where there is none. Raises UserError for one that cannot be read."""
    state = _load(path)
    return None if state is None else Progress(**state["progress"])


def load_checkpoint(
    path: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    scheduler: "LambdaLR",
    accelerator: "Accelerator",
) -> Progress:
    """Put everything back as it was. Raises UserError where there is none, or one of other processes or of NaN."""
    state = _load(path)
    if state is None:
        raise UserError(f"{path}: expected a checkpoint, there is none")
    random_states = state["random_states"]
    if len(random_states) != accelerator.num_processes:
        raise UserError(
            f"{path}: expected to resume with {len(random_states)} process(es), as it was begun, got "
            f"{accelerator.num_processes}; launch it so, or delete the run folder to start over"
        )
    odd = [name for name, value in state["module"].items() if value.is_floating_point() and not value.isfinite().all()]
    if odd:
        raise UserError(
            f"{path}: expected finite weights, those of {odd[0]} are not; delete it to start the stage anew"
        )
    accelerator.unwrap_model(module).load_state_dict(state["module"])
    optimizer.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])
    if accelerator.scaler is not None and state["scaler"] is not None:
        accelerator.scaler.load_state_dict(state["scaler"])
    random_state = random_states[accelerator.process_index]
    torch.set_rng_state(random_state["cpu"])
    if torch.cuda.is_available() and random_state["cuda"] is not None:
        torch.cuda.set_rng_state(random_state["cuda"])
    return Progress(**state["progress"])


def _random_state() -> dict[str, torch.Tensor | None]:
    # Training draws from torch alone: Python's and NumPy's generators are not used once the batches are planned.
    return {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None}


def _load(path: Path) -> Mapping[str, Any] | None:
    if not path.is_file():
        return None
    try:
        # weights_only: no pickled code is ever run.
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(
            f"{path}: expected a checkpoint of this project, it cannot be read; delete it to go on"
        ) from error
