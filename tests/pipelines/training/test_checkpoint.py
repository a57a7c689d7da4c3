import pickle
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from pipelines.errors import UserError
from pipelines.training.checkpoint import Progress, load_checkpoint, load_progress, save_checkpoint


def made() -> tuple[torch.nn.Module, torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    module = torch.nn.Linear(3, 1)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.1)
    return module, optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (step + 1))


def step(
    module: torch.nn.Module, optimizer: torch.optim.Optimizer, scheduler: torch.optim.lr_scheduler.LambdaLR
) -> None:
    optimizer.zero_grad()
    module(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()
    scheduler.step()


def test_what_comes_back_goes_on_exactly(tmp_path: Path) -> None:
    accelerator = Accelerator(cpu=True)
    torch.manual_seed(1)
    whole = made()
    for _ in range(3):
        step(*whole)
    progress = Progress(stage_index=1, epoch=2, step=3, best=0.5, sums={"loss": 1.25}, passes=2, seconds=4.0)
    save_checkpoint(tmp_path / "checkpoint.pt", progress, *whole, accelerator)
    step(*whole)
    after = torch.rand(2)
    torch.manual_seed(99)
    resumed = made()
    assert load_progress(tmp_path / "checkpoint.pt") == progress
    assert load_checkpoint(tmp_path / "checkpoint.pt", *resumed, accelerator) == progress
    step(*resumed)
    assert torch.equal(resumed[0].weight, whole[0].weight)
    assert resumed[2].get_last_lr() == whole[2].get_last_lr()
    assert torch.equal(torch.rand(2), after), "the random state goes on as well"


def test_no_checkpoint_is_none(tmp_path: Path) -> None:
    assert load_progress(tmp_path / "checkpoint.pt") is None


def test_a_broken_checkpoint_names_the_file_and_the_fix(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"half")
    with pytest.raises(UserError, match=r"checkpoint\.pt: expected a checkpoint of this project.*delete it to go on"):
        load_progress(tmp_path / "checkpoint.pt")


class Planted:
    """What an attacker would put into a pickle: code that runs when it is read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("import pathlib; pathlib.Path('planted').touch()",)


def test_a_planted_pickle_is_refused_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"progress": Planted()}, "checkpoint.pt", pickle_module=pickle)
    with pytest.raises(UserError, match="expected a checkpoint of this project"):
        load_progress(Path("checkpoint.pt"))
    assert not Path("planted").exists()
