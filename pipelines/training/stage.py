"""The training loop of one stage."""

import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import send_to_device
from safetensors.torch import load_file, save_file
from torch import nn

from pipelines.atomic import write_with
from pipelines.errors import NotFiniteError
from pipelines.progress import progress_bar
from pipelines.training.batches import plan_epoch
from pipelines.training.checkpoint import Progress, load_checkpoint, load_progress, save_checkpoint
from pipelines.training.configuration import StageSettings
from pipelines.training.optimizer import Stepper, build_optimizer, check_weights
from pipelines.training.run_folder import MetricsLog, RunFolder
from pipelines.training.tasks import StageTask

if TYPE_CHECKING:
    from accelerate import Accelerator
    from tqdm import tqdm

LOG_EVERY = 10


class StageTrainer:
    """Trains one stage of a run, resuming from the run's checkpoint where that is in this stage.

    accelerator: of this stage alone. tracker: the one whose trackers are started, or None. index: the stage's place in
    the run. checkpoint_every: in optimizer steps.
    """

    def __init__(
        self,
        task: StageTask,
        stage: StageSettings,
        index: int,
        seed: int,
        folder: RunFolder,
        accelerator: "Accelerator",
        tracker: "Accelerator | None",
        checkpoint_every: int,
    ) -> None:
        self.task, self.stage, self.index, self.seed = task, stage, index, seed
        self.folder, self.accelerator, self.checkpoint_every = folder, accelerator, checkpoint_every
        self.tracker = tracker
        self.log = MetricsLog(folder.metrics)
        self.lengths = [len(row.input_ids) for row in task.train]
        self.steps_per_epoch = len(self._plan(0))
        optimizer, self.scheduler = build_optimizer(task.module, stage, stage.epochs * self.steps_per_epoch)
        # The scheduler stays unprepared: Accelerate would step it once a process, our steps already span all of them.
        self.module, self.optimizer = accelerator.prepare(task.module, optimizer)
        self.stepper = Stepper(self.module, self.optimizer, self.scheduler, stage.max_grad_norm, accelerator)
        self.progress = Progress(stage_index=index)
        self.step_begun = 0  # number of the step, from 1, that was begun last
        self._started = time.perf_counter()

    def _plan(self, epoch: int) -> list[list[list[list[int]]]]:
        return plan_epoch(
            self.lengths,
            self.stage.batch_size,
            self.stage.gradient_accumulation,
            self.accelerator.num_processes,
            seed=self.seed * 1_009 + self.index,
            epoch=epoch,
            similar_lengths=self.task.similar_lengths,
        )

    def train(self, seconds_before: float) -> Progress:
        """Run the stage to its end and leave its best (or last) weights in the module; `seconds_before` were spent.

        Raises NotFiniteError, with the step and its learning rate, where a loss, gradients, weights or validation
        figures are not finite; the checkpoint and the best weights are then those from before.
        """
        there = load_progress(self.folder.checkpoint)
        if there is not None and there.stage_index == self.index:
            self.progress = load_checkpoint(
                self.folder.checkpoint, self.module, self.optimizer, self.scheduler, self.accelerator
            )
            self.accelerator.print(f"  resuming in epoch {self.progress.epoch + 1}, after {self.progress.step} steps")
        else:
            self.progress.seconds = seconds_before
        if self.accelerator.is_main_process:
            self.log.rewind(self.index, self.progress.step)
        total = self.stage.epochs * self.steps_per_epoch
        with progress_bar(
            total=total,
            initial=self.progress.step,
            desc=f"  {self.stage.objective}",
            unit="step",
            shown=self.accelerator.is_local_main_process,
            dynamic_ncols=True,
        ) as bar:
            try:
                while not self.progress.finished:
                    self._epoch(bar)
            except NotFiniteError as error:
                raise NotFiniteError(self._diverged(error)) from error
        if self.stage.select_on is not None:
            self.accelerator.unwrap_model(self.module).load_state_dict(load_file(self.folder.best))
        return self.progress

    def _epoch(self, bar: "tqdm[Any]") -> None:
        progress = self.progress
        plan = self._plan(progress.epoch)
        self.module.train()
        for passes in plan[progress.step_in_epoch :]:
            self._step(passes)
            progress.step_in_epoch += 1
            progress.step += 1
            bar.update()
            if progress.step % LOG_EVERY == 0:
                self._log_train(bar)
            if progress.step % self.checkpoint_every == 0 and progress.step_in_epoch < len(plan):
                self._save()
        progress.epoch += 1
        progress.step_in_epoch = 0
        self._validate(bar)
        self._save()

    def _step(self, passes: list[list[list[int]]]) -> None:
        """One optimizer step over its micro-batches, each weighted by its share of the step's examples."""
        self.step_begun = self.progress.step + 1
        rank = self.accelerator.process_index
        examples = sum(len(chunk[rank]) for chunk in passes)
        losses: list[dict[str, float]] = []
        for number, chunk in enumerate(passes):
            indices = chunk[rank]
            batch = send_to_device(self.task.collate([self.task.train[i] for i in indices]), self.accelerator.device)
            last = number == len(passes) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.module):
                output = self.module(batch)
                self.accelerator.backward(output.loss * (len(indices) / examples))
            losses.append(
                {
                    name: float(value.detach())
                    for name, value in output.items()
                    if name.endswith("loss") and value is not None
                }
            )
        self.stepper.step([value for one in losses for value in one.values()])
        for one in losses:
            if all(map(math.isfinite, one.values())):  # the others are of a step that fp16 skipped
                for name, value in one.items():
                    self.progress.sums[name] = self.progress.sums.get(name, 0.0) + value
                self.progress.passes += 1

    def _log_train(self, bar: "tqdm[Any]") -> None:
        progress = self.progress
        means = {name: total / max(progress.passes, 1) for name, total in progress.sums.items()}
        bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()}, refresh=False)
        self._write("train", means | {"learning_rate": float(self.scheduler.get_last_lr()[0])})
        progress.sums, progress.passes = {}, 0

    def _validate(self, bar: "tqdm[Any]") -> None:
        progress = self.progress
        check_weights(self.module)
        figures = self.task.validate(self.module, self.accelerator)
        odd = {name: value for name, value in figures.items() if value is not None and not math.isfinite(value)}
        if odd:
            raise NotFiniteError(
                f"expected finite figures of the validation, got {', '.join(f'{k} {v}' for k, v in odd.items())}"
            )
        self._write("valid", figures)
        shown = {name: value for name, value in figures.items() if value is not None}
        bar.write(
            f"  epoch {progress.epoch}: valid " + ", ".join(f"{name} {value:.4f}" for name, value in shown.items())
        ) if self.accelerator.is_main_process else None
        if self.stage.select_on is not None:
            self._select(self.stage.select_on, figures[self.stage.select_on])
        stopped = self.stage.patience is not None and progress.epochs_without_better >= self.stage.patience
        progress.finished = stopped or progress.epoch >= self.stage.epochs

    def _select(self, metric: str, value: float | None) -> None:
        """Keep the weights where the metric got better. An undefined metric (a constant prediction) is never better."""
        progress = self.progress
        sign = 1.0 if self.task.directions.get(metric) == "max" else -1.0
        better = value is not None and (progress.best is None or sign * value > sign * progress.best)
        if better or progress.best_epoch is None:
            progress.best, progress.best_epoch, progress.epochs_without_better = value, progress.epoch, 0
            if self.accelerator.is_main_process:
                weights = _contiguous(self.accelerator.unwrap_model(self.module))
                write_with(self.folder.best, lambda partial: save_file(weights, partial))
            self.accelerator.wait_for_everyone()
        else:
            progress.epochs_without_better += 1

    def _save(self) -> None:
        check_weights(self.module)
        now = time.perf_counter()
        self.progress.seconds += now - self._started
        self._started = now
        save_checkpoint(
            self.folder.checkpoint, self.progress, self.module, self.optimizer, self.scheduler, self.accelerator
        )

    def _diverged(self, error: NotFiniteError) -> str:
        """The one line of a stage that cannot go on."""
        stage, rate = self.stage, max(self.scheduler.get_last_lr())
        highest = max(stage.learning_rate, stage.head_learning_rate or 0.0)
        key = "stages.learning_rate" if highest == stage.learning_rate else "stages.head_learning_rate"
        precision = "" if self.accelerator.mixed_precision == "no" else ", or precision fp32"
        return (
            f"stage {self.index + 1} ({stage.objective}), step {self.step_begun}: {error}; learning rate {rate:g}, "
            f"at most {highest:g}: try a lower {key}{precision}, under another name; nothing of this step was saved"
        )

    def _write(self, split: str, figures: Mapping[str, float | None]) -> None:
        row = {
            "stage": self.stage.objective,
            "stage_index": self.index,
            "step": self.progress.step,
            "epoch": self.progress.step / self.steps_per_epoch,
            "split": split,
        } | dict(figures)
        if self.accelerator.is_main_process:
            self.log.append(row)
        if self.tracker is None:
            return
        named = {
            f"{self.stage.objective}/{split}/{name}": value for name, value in figures.items() if value is not None
        }
        self.tracker.log(named, step=self.progress.step)


def _contiguous(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
