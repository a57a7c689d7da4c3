"""Runs with made-up pairs and one-sided twins: their records, their identity, and how a config asks for them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from transformers import AutoConfig, AutoModel

from pipelines import train
from pipelines.cli import main as empathy
from pipelines.errors import UserError
from pipelines.evaluation.scorers import load_scorer
from pipelines.training.configuration import ExperimentSettings
from pipelines.training.parsing import load_experiment, parse_settings
from tests.conftest import WriteConfig

CELL = Path("tiny") / "mvc-lambda0.1-seed17"
AUGMENTATION = {"name": "context", "variants": {"swap_different_emotion": 0.5, "phrase_in_neutral": 1.0}}


def with_data(write_config: WriteConfig, **changes: Any) -> str:
    """A config of one short cascade stage with settings of `data` changed."""
    data = yaml.safe_load(write_config("mvc").read_text())["data"] | changes
    stages = [{"objective": "cascade", "epochs": 1, "batch_size": 4, "learning_rate": 1e-3}]
    return str(write_config("mvc", data=data, stages=stages))


def results_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / CELL / "results.json").read_text())


def test_results_tell_runs_with_and_without_augmentation_apart(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = with_data(write_config, augmentation=AUGMENTATION)
    train.main([config, f"--output_dir={tmp_path / 'with'}"])
    assert "augmentation: swap_different_emotion 4, phrase_in_neutral 9" in capsys.readouterr().out
    train.main([config, f"--output_dir={tmp_path / 'again'}"])
    train.main([config, f"--output_dir={tmp_path / 'without'}", "--data.augmentation=null"])
    augmented, again, plain = (results_of(tmp_path / name) for name in ("with", "again", "without"))
    assert augmented == again
    assert (augmented["augmentation"], plain["augmentation"]) == ("context", "none")
    assert augmented["seen"] == plain["seen"] == "both"
    made = {"swap_different_emotion": 4, "phrase_in_neutral": 9}
    assert augmented["counts"]["train"] == {"dialogues": 5, "examples": 9, "augmentation": made}
    assert plain["counts"]["train"] == {"dialogues": 5, "examples": 9}
    assert "|augmentation:context|seen:both|" in augmented["signature"]
    assert "|augmentation:none|seen:both|" in plain["signature"]
    assert augmented["metrics"] != plain["metrics"]
    metas = [json.loads((tmp_path / name / CELL / "meta.json").read_text()) for name in ("with", "without")]
    assert metas[0]["data_fingerprint"] == metas[1]["data_fingerprint"], "the data are those without augmentation"
    references = [(tmp_path / name / "tiny" / "references" / "references.json") for name in ("with", "without")]
    assert references[0].read_bytes() == references[1].read_bytes(), "fitted on the true pairs alone"
    config_there = yaml.safe_load((tmp_path / "with" / CELL / "config.yaml").read_text())
    assert config_there["data"]["augmentation"]["targets"]["swap_different_emotion"] == 1.4
    assert len(config_there["augmentation_fingerprints"][0]) == 64
    assert (
        yaml.safe_load((tmp_path / "without" / CELL / "config.yaml").read_text())["augmentation_fingerprints"] is None
    )
    card = (tmp_path / "with" / CELL / "model" / "README.md").read_text()
    assert "Made-up training pairs: `context`; shown to the model, context, response or both: `both`" in card


def test_a_run_folder_of_another_augmentation_is_refused_naming_the_difference(write_config: WriteConfig) -> None:
    config = with_data(write_config, augmentation=AUGMENTATION)
    train.main([config])
    share = "--data.augmentation.variants.swap_different_emotion=0.4"
    for flag, message in {
        share: r"data\.augmentation\.variants\.swap_different_emotion was 0\.5, is 0\.4\. ",
        "--data.augmentation.seed=5": r"data\.augmentation\.seed was 17, is 5\. ",
        "--data.augmentation.targets.phrase_in_neutral=1.2": r"targets\.phrase_in_neutral was 1\.4, is 1\.2\. ",
        "--data.augmentation=null": r"data\.augmentation was {'name': 'context', .*}, is None\. ",
        "--data.seen=context": r"data\.seen was 'both', is 'context'\. ",
    }.items():
        with pytest.raises(UserError, match=r"belongs to another configuration: .*" + message):
            train.main([config, flag])


def test_other_made_up_rows_under_the_same_settings_are_refused(
    write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_data(write_config, augmentation=AUGMENTATION)
    train.main([config])
    (tmp_path / "runs" / CELL / "results.json").unlink()
    monkeypatch.setattr("pipelines.labels.augmentation.phrases.PHRASES", ("another list than before",))
    with pytest.raises(UserError, match=r"another configuration: augmentation_fingerprints\[0\] was '"):
        train.main([config])


def test_a_run_folder_from_before_these_settings_is_still_its_own(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = with_data(write_config)
    train.main([config])
    file = tmp_path / "runs" / CELL / "config.yaml"
    there = yaml.safe_load(file.read_text())
    del there["data"]["seen"], there["data"]["augmentation"], there["augmentation_fingerprints"]
    file.write_text(yaml.safe_dump(there))
    assert train.main([config]) == 0
    assert "finished before, skipped" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"data\.seen was 'both', is 'response'"):
        train.main([config, "--data.seen=response"])


@pytest.mark.parametrize("seen", ["response", "context"])
def test_a_twin_is_blind_to_the_other_side_in_training_testing_and_scoring(
    seen: str, write_config: WriteConfig, tmp_path: Path, fill_weights: Callable[[torch.nn.Module], None]
) -> None:
    config = with_data(write_config, seen=seen, augmentation=AUGMENTATION)
    assert train.main([config]) == 0
    run = tmp_path / "runs" / CELL
    assert results_of(tmp_path / "runs")["seen"] == seen
    assert AutoConfig.from_pretrained(run / "model").seen == seen
    frame = pd.read_parquet(run / "predictions" / "test.parquet")
    assert np.isfinite(frame["empathy_pred"]).all()
    model = AutoModel.from_pretrained(run / "model")
    fill_weights(model)  # so that what is seen makes a difference: so short a training leaves all scores alike
    model.save_pretrained(run / "model")

    def pair(context: str, response: str) -> dict[str, Any]:
        turns = [{"role": "speaker", "text": context}]
        return {
            **{"example_id": f"{context}/{response}", "conv_id": "c", "turn": 2, "split": "", "situation": ""},
            **{"dialogue_context": turns, "response": response, "emotion": None, "empathy": None, "label_source": ""},
        }

    contexts = ("Our cat died last week.", "They towed my van, and I had to walk home with all that I had bought!")
    responses = ("I am so sorry.", "Buy a lamp, it will help you at night.")
    pairs = [pair(context, response) for context in contexts for response in responses]
    scores = load_scorer(str(run)).score(pairs).reshape(2, 2)
    blind, sighted = (0, 1) if seen == "response" else (1, 0)
    assert np.ptp(scores, axis=blind) == pytest.approx([0, 0], abs=1e-5)
    assert np.ptp(scores, axis=sighted).min() > 1e-3


def test_flags_and_overrides_set_change_and_drop_an_augmentation(write_config: WriteConfig) -> None:
    def parsed(config: str, *flags: str) -> ExperimentSettings:
        return parse_settings(ExperimentSettings, [config, *flags], "empathy train", "")

    given = with_data(write_config, augmentation=AUGMENTATION)
    assert parsed(given, "--data.augmentation=null").data.augmentation is None
    assert load_experiment(given, {"data.augmentation": None}).data.augmentation is None
    kept = parsed(given, "--data.augmentation.seed=3").data.augmentation
    assert kept is not None
    assert (kept.name, kept.seed, kept.variants) == ("context", 3, AUGMENTATION["variants"])
    without = with_data(write_config)
    flags = ("--data.augmentation.name=swaps", '--data.augmentation.variants={"swap_same_emotion": 0.5}')
    made = parsed(without, *flags).data.augmentation
    assert made is not None
    assert (made.name, made.variants, made.seed) == ("swaps", {"swap_same_emotion": 0.5}, 17)


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--data.augmentation.variants={swap: 0.5}", "expected some of swap_different_emotion"),
        (
            "--data.augmentation.variants={generic_reply: 2}",
            "expected a share above 0 and up to 1, got 2",
        ),
        ("--data.augmentation.targets.phrase_in_neutral=7", "phrase_in_neutral: expected points from 1 to 5, got 7"),
        ("--data.seen=neither", "seen"),
    ],
)
def test_wrong_settings_are_one_line_and_status_2(
    flag: str, message: str, write_config: WriteConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert empathy(["train", with_data(write_config, augmentation=AUGMENTATION), flag]) == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]
