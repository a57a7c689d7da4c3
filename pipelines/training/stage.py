"""The training loop of one stage."""

import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import send_to_device
from safetensors.torch import load_file, save_file
from torch import nn
from tqdm import tqdm

from pipelines.atomic import write_with
from pipelines.progress import bar_interval
from pipelines.training.batches import plan_epoch
from pipelines.training.checkpoint import Progress, load_checkpoint, load_progress, save_checkpoint
from pipelines.training.configuration import StageSettings
from pipelines.training.optimizer import build_optimizer
from pipelines.training.run_folder import MetricsLog, RunFolder
from pipelines.training.tasks import StageTask

if TYPE_CHECKING:
    from accelerate import Accelerator

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
        self.progress = Progress(stage_index=index)
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
        """Run the stage to its end and leave its best (or last) weights in the module; `seconds_before` were spent."""
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
        with tqdm(
            total=total,
            initial=self.progress.step,
            desc=f"  {self.stage.objective}",
            unit="step",
            disable=not self.accelerator.is_local_main_process,
            dynamic_ncols=True,
            mininterval=bar_interval(),
        ) as bar:
            while not self.progress.finished:
                self._epoch(bar)
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
        rank = self.accelerator.process_index
        examples = sum(len(chunk[rank]) for chunk in passes)
        for number, chunk in enumerate(passes):
            indices = chunk[rank]
            batch = send_to_device(self.task.collate([self.task.train[i] for i in indices]), self.accelerator.device)
            last = number == len(passes) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.module):
                output = self.module(batch)
                self.accelerator.backward(output.loss * (len(indices) / examples))
            self._add_losses(output)
        self.accelerator.clip_grad_norm_(self.module.parameters(), self.stage.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if not self.accelerator.optimizer_step_was_skipped:  # fp16 skips a step whose gradients overflow
            self.scheduler.step()

    def _add_losses(self, output: Mapping[str, torch.Tensor | None]) -> None:
        for name, value in output.items():
            if name.endswith("loss") and value is not None:
                self.progress.sums[name] = self.progress.sums.get(name, 0.0) + float(value.detach())
        self.progress.passes += 1

    def _log_train(self, bar: "tqdm[Any]") -> None:
        progress = self.progress
        means = {name: total / progress.passes for name, total in progress.sums.items()}
        bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()}, refresh=False)
        self._write("train", means | {"learning_rate": float(self.scheduler.get_last_lr()[0])})
        progress.sums, progress.passes = {}, 0

    def _validate(self, bar: "tqdm[Any]") -> None:
        progress = self.progress
        figures = self.task.validate(self.module, self.accelerator)
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
        now = time.perf_counter()
        self.progress.seconds += now - self._started
        self._started = now
        save_checkpoint(
            self.folder.checkpoint, self.progress, self.module, self.optimizer, self.scheduler, self.accelerator
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
