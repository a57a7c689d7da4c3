"""A loss, gradients, weights or figures that are not finite end a stage in one line and leave nothing behind."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file

from pipelines.cli import main as empathy
from pipelines.errors import NotFiniteError, UserError
from pipelines.labels.text_rater import RaterRecipe, train_rater
from pipelines.training.checkpoint import Progress, load_checkpoint, load_progress
from pipelines.training.experiment import reset_state
from pipelines.training.optimizer import SKIPPED_AT_MOST, Stepper, check_weights
from pipelines.training.tasks import StageModule
from tests.conftest import STAGES, WriteConfig
from tests.pipelines.training.test_experiment import launch

HUGE = 1e20


def stages(family: str, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    return [stage | change for stage, change in zip(STAGES[family], changes, strict=True)]


def error_line(captured: pytest.CaptureFixture[str]) -> str:
    """The last line of standard error, which is all that is said of what went wrong."""
    error = captured.readouterr().err
    assert "Traceback" not in error
    lines = [line for line in error.splitlines() if "error:" in line]
    assert len(lines) == 1
    return lines[0]


def spoil_loss(monkeypatch: pytest.MonkeyPatch, at: int, loss: float = math.nan) -> None:
    """Make the loss of the `at`-th forward pass in training `loss`."""
    forward, passes = StageModule.forward, []

    def spoilt(self: StageModule, batch: Any) -> Any:
        output = forward(self, batch)
        passes.extend([1] if self.training else [])
        if self.training and len(passes) == at:
            output.loss = output.loss * loss
        return output

    monkeypatch.setattr(StageModule, "forward", spoilt)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_stage_that_diverges_ends_in_one_line(
    precision: str, write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(
        write_config("baseline", precision=precision, stages=stages("baseline", {"learning_rate": HUGE, "warmup": 0}))
    )
    for _ in range(2):  # the same command goes on from no checkpoint of NaN, and ends alike
        assert empathy(["train", config]) == 2
        line = error_line(capsys)
        assert line.startswith("empathy train: error: stage 1 (multitask), step 2: expected a finite loss, got nan; ")
        assert "learning rate 8.33333e+19, at most 1e+20: try a lower stages.learning_rate" in line
        assert ("or precision fp32" in line) == (precision == "bf16")
    run = tmp_path / "runs" / "tiny" / "baseline-lambda0.1-seed17"
    assert [path.name for path in run.iterdir()] == ["config.yaml"]


def test_a_later_stage_that_diverges_leaves_the_one_before(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = {"head_learning_rate": HUGE, "gradient_accumulation": 2, "warmup": 0}
    config = str(write_config("stm", stages=stages("stm", {}, changes)))
    assert empathy(["train", config]) == 2
    line = error_line(capsys)
    assert "stage 2 (multitask), step 2: " in line
    assert "try a lower stages.head_learning_rate" in line
    run = tmp_path / "runs" / "tiny" / "stm-lambda0.1-seed17"
    assert not (run / "checkpoint.pt").exists()
    weights = load_file(run / "stages" / "1-emotion" / "model.safetensors")
    assert all(value.isfinite().all() for value in weights.values())


@pytest.mark.parametrize(
    ("rate", "what"), [(1e39, "finite weights"), (1e30, "finite outputs for all of 2 rows, got 4")]
)
def test_what_a_stage_s_last_step_spoils_is_seen_before_anything_is_saved(
    rate: float, what: str, write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change = {"learning_rate": rate, "warmup": 0, "epochs": 1, "batch_size": 64}
    config = str(write_config("baseline", stages=stages("baseline", change)))
    assert empathy(["train", config, "--checkpoint_every=1"]) == 2
    line = error_line(capsys)
    assert "stage 1 (multitask), step 1: expected " in line
    assert what in line
    assert [path.name for path in (tmp_path / "runs/tiny/baseline-lambda0.1-seed17").iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_the_last_good_checkpoint_stays_and_the_same_command_goes_on_from_it(
    loss: float,
    write_config: WriteConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["train", str(write_config("baseline")), "--checkpoint_every=2"]
    assert empathy([*command, f"--output_dir={tmp_path / 'whole'}"]) == 0
    run = tmp_path / "runs" / "tiny" / "baseline-lambda0.1-seed17"
    with monkeypatch.context() as patched:
        spoil_loss(patched, at=3, loss=loss)
        assert empathy(command) == 2
    assert f"step 3: expected a finite loss, got {loss}" in error_line(capsys)
    there = load_progress(run / "checkpoint.pt")
    assert there is not None and there.step == 2
    assert empathy(command) == 0
    assert "resuming in epoch 1, after 2 steps" in capsys.readouterr().out
    whole = tmp_path / "whole" / "tiny" / run.name
    assert (run / "results.json").read_bytes() == (whole / "results.json").read_bytes()


@pytest.mark.timeout(300)
def test_several_processes_stop_together(write_config: WriteConfig, tmp_path: Path) -> None:
    config = write_config("baseline", stages=stages("baseline", {"learning_rate": HUGE, "warmup": 0}))
    done = launch(config, "--distribute=batch")
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("empathy train: error: ")]
    assert len(lines) == 2, done.stderr
    assert all("stage 1 (multitask), step 1: expected finite outputs for all of 2 rows" in line for line in lines), (
        lines
    )
    assert not list(tmp_path.rglob("checkpoint.pt"))


def made_stepper(scaler: object = None) -> tuple[torch.nn.Linear, Stepper]:
    module = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(module.parameters(), lr=1.0)
    accelerator: Any = SimpleNamespace(
        clip_grad_norm_=torch.nn.utils.clip_grad_norm_, scaler=scaler, num_processes=1, optimizer_step_was_skipped=True
    )
    return module, Stepper(
        module, optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0), 1.0, accelerator
    )


def test_gradients_that_are_not_finite_are_not_stepped_on() -> None:
    module, stepper = made_stepper()
    before = module.weight.detach().clone()
    module.weight.grad = torch.tensor([[math.inf, 0.0]])
    with pytest.raises(NotFiniteError, match="^expected finite gradients, got inf$"):
        stepper.step([0.5])
    module.weight.grad = torch.ones(1, 2)
    with pytest.raises(NotFiniteError, match="^expected a finite loss, got nan$"):
        stepper.step([0.5, math.nan])
    assert torch.equal(module.weight, before)
    stepper.step([0.5])
    assert not torch.equal(module.weight, before)


def test_fp16_may_skip_some_steps_but_not_all() -> None:
    module, stepper = made_stepper(scaler=object())
    stepper.optimizer = SimpleNamespace(step=lambda: None, zero_grad=lambda: None)  # type: ignore[assignment]
    module.weight.grad = torch.tensor([[math.inf, 0.0]])
    for _ in range(SKIPPED_AT_MOST):
        stepper.step([0.5])
        module.weight.grad = torch.tensor([[math.inf, 0.0]])
    module.weight.grad = torch.ones(1, 2)
    stepper.step([0.5])
    for _ in range(SKIPPED_AT_MOST):
        module.weight.grad = torch.tensor([[math.inf, 0.0]])
        stepper.step([0.5])
    with pytest.raises(NotFiniteError):
        stepper.step([math.nan])


def test_a_checkpoint_of_nan_is_not_gone_on_from(tmp_path: Path) -> None:
    module = torch.nn.Linear(2, 1)
    optimizer = torch.optim.AdamW(module.parameters())
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0)
    with torch.no_grad():
        module.weight.fill_(math.nan)
    with pytest.raises(NotFiniteError, match="expected finite weights"):
        check_weights(module)
    path = tmp_path / "checkpoint.pt"
    state = {"progress": vars(Progress(0, step=3)), "module": module.state_dict(), "optimizer": optimizer.state_dict()}
    state |= {"scheduler": scheduler.state_dict(), "scaler": None, "random_states": [{"cpu": torch.get_rng_state()}]}
    torch.save(state, path)
    with pytest.raises(UserError, match=r"checkpoint\.pt: expected finite weights, those of weight are not; delete it"):
        load_checkpoint(path, module, optimizer, scheduler, Accelerator(cpu=True))


def test_a_rater_that_diverges_ends_in_one_line(tiny_bert: str) -> None:
    reset_state()
    recipe = RaterRecipe(outputs=1, length=16, epochs=3, batch_size=2, learning_rate=HUGE)
    items = [[[2, 5 + k, 6, 3]] for k in range(4)]

    def loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (output.squeeze(1) - target).square().mean()

    with pytest.raises(
        NotFiniteError, match=r"^rater words, step [23]: expected a finite loss, got nan \(learning rate"
    ):
        train_rater(tiny_bert, items, np.ones(4, dtype=np.float32), loss, recipe, 17, "words")
