"""Several processes, as `accelerate launch` starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import train
from pipelines.training.configuration import ExperimentSettings, StageSettings
from pipelines.training.experiment import share_of_this_process
from tests.conftest import WriteConfig


def launch(config: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """What `accelerate launch` runs for several GPUs is torch's launcher; without a GPU that is called directly."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    command += ["-m", "pipelines.train", str(config), *flags]
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment)


@pytest.mark.parametrize(("rank", "seeds"), [(0, [17, 43]), (1, [39])])
def test_each_process_takes_its_share_of_the_seeds(
    rank: int, seeds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"RANK": rank, "WORLD_SIZE": 2, "LOCAL_RANK": rank, "MASTER_ADDR": "localhost"}.items():
        monkeypatch.setenv(name, str(value))
    whole = ExperimentSettings(name="e", family="baseline", stages=[StageSettings("multitask")], distribute="seeds")
    share, writes_references = share_of_this_process(whole)
    assert share.seeds == seeds
    assert writes_references == (rank == 0)
    assert "WORLD_SIZE" not in os.environ, "this process is on its own from here on"


@pytest.mark.timeout(300)
def test_seeds_are_shared_out_between_processes_and_end_as_in_one(write_config: WriteConfig, tmp_path: Path) -> None:
    config = write_config("baseline", seeds=[17, 39])
    done = launch(config, "--distribute=seeds", f"--output_dir={tmp_path / 'two'}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("empatheticdialogues train: ") == 1, "one process reports what was read"
    train.main([str(config), f"--output_dir={tmp_path / 'one'}"])
    for seed in (17, 39):
        cell = f"tiny/baseline-lambda0.1-seed{seed}/results.json"
        assert (tmp_path / "two" / cell).read_bytes() == (tmp_path / "one" / cell).read_bytes()


@pytest.mark.timeout(300)
def test_a_seed_is_trained_data_parallel(write_config: WriteConfig, tmp_path: Path) -> None:
    done = launch(write_config("mvc"), "--distribute=batch")
    assert done.returncode == 0, done.stderr
    run = tmp_path / "runs" / "tiny" / "mvc-lambda0.1-seed17"
    assert json.loads((run / "meta.json").read_text())["processes"] == 2
    results = json.loads((run / "results.json").read_text())
    assert results["metrics"]["test"]["empathy"]["n"] == 3
