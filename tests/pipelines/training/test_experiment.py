"""An experiment: labels made first, frozen encoders, several processes as `accelerate launch` starts them."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file

from modeling.encoder import load_encoder_weights
from pipelines import train
from pipelines.cli import main as empathy
from pipelines.errors import UserError
from pipelines.training.configuration import DataSettings, EncoderSettings, ExperimentSettings, StageSettings
from pipelines.training.experiment import share_of_this_process, with_labels
from tests.conftest import WriteConfig
from tests.pipelines.labels.invented import label_settings, quick


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


def test_labels_that_a_yaml_describes_are_made_first_and_once(
    tmp_path: Path, tiny_bert: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = label_settings(tmp_path, tiny_bert)
    values = {key: getattr(settings, key) for key in ("path", "human_ratings_path", "exclude_ids", "cache_dir")}
    yaml_file = tmp_path / "labels.yaml"
    values |= {"name": "own", "functions": ["length", "cues"], "output_dir": str(tmp_path / "labels")}
    yaml_file.write_text(yaml.safe_dump(values), encoding="utf-8")
    data = DataSettings(path=settings.path, labels="hybrid", labels_path=str(yaml_file))
    with quick():
        found = with_labels(data)
        assert "no labels yet, so they are made first" in capsys.readouterr().out
        assert found == replace(data, labels_path=str(tmp_path / "labels" / "own"))
        assert len(pd.read_parquet(tmp_path / "labels" / "own" / "labels.parquet")) == 480
        assert with_labels(data) == found
    assert "made first" not in capsys.readouterr().out
    assert with_labels(found) is found
    (tmp_path / "labels" / "own" / "labels.parquet").unlink()
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "2")
    with pytest.raises(UserError, match=r"there are none; run first: empathy label .*labels\.yaml"):
        with_labels(data)


def test_a_frozen_encoder_is_not_trained_on_goemotions() -> None:
    stages = [StageSettings("goemotions"), StageSettings("multitask")]
    with pytest.raises(UserError, match=r"encoder\.frozen: expected false where there is a goemotions stage"):
        ExperimentSettings(name="e", family="stm", stages=stages, encoder=EncoderSettings(frozen=True))
    with pytest.raises(UserError, match=r"encoder\.frozen: expected false where encoder\.adapter_rank is set"):
        EncoderSettings(frozen=True, adapter_rank=4)


def test_a_revision_of_a_folder_is_one_line(
    write_config: WriteConfig, tiny_bert: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert empathy(["train", str(write_config("baseline")), "--encoder.revision=main"]) == 2
    assert "revision: expected none for the encoder" in capsys.readouterr().err


def test_heads_on_a_frozen_encoder_train(write_config: WriteConfig, tmp_path: Path) -> None:
    config = str(write_config("mvc"))
    assert empathy(["train", config, "--encoder.frozen=true"]) == 0
    run = tmp_path / "runs" / "tiny" / "mvc-lambda0.1-seed17"
    saved = load_file(run / "model" / "model.safetensors")
    given = load_encoder_weights(yaml.safe_load((run / "config.yaml").read_text())["encoder"]["name_or_path"])
    for name, weight in given.items():
        assert torch.equal(saved[f"encoder.backbone.{name}"], weight), name


def test_the_card_of_a_run_has_code_that_runs(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert empathy(["train", str(write_config("stm"))]) == 0
    monkeypatch.chdir(tmp_path / "runs" / "tiny" / "stm-lambda0.1-seed17" / "model")
    card = Path("README.md").read_text(encoding="utf-8")
    assert "\nimport stm  # of the package empathy-cascade" in card
    capsys.readouterr()
    exec(card.split("```python\n")[1].split("```")[0], {})
    assert re.match(r"tensor\(\[\d\.\d+\]\) \w+", capsys.readouterr().out)
