import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from transformers import AutoModel

from pipelines import train
from pipelines.cli import main as empathy
from pipelines.errors import UserError
from pipelines.evaluation.metrics import emotion_metrics, empathy_metrics
from pipelines.training.checkpoint import load_progress
from tests.conftest import WriteConfig

FILES = {"config.yaml", "meta.json", "metrics.jsonl", "model", "predictions", "results.json", "stages"}


@pytest.mark.parametrize("family", ["baseline", "stm", "mvc"])
def test_a_run_leaves_every_file_of_the_contract(
    family: str, write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main([str(write_config(family))]) == 0
    run = tmp_path / "runs" / "tiny" / f"{family}-lambda0.1-seed17"
    assert {path.name for path in run.iterdir()} == FILES
    assert {path.name for path in (run / "predictions").iterdir()} == {"valid.parquet", "test.parquet"}
    assert [path.name for path in run.rglob("*") if path.suffix in (".bin", ".pt", ".pkl")] == []
    results = json.loads((run / "results.json").read_text())
    assert results["schema_version"] == 1
    assert (results["family"], results["seed"], results["lambda_emo"]) == (family, 17, 0.1)
    assert results["counts"]["train"] == {"dialogues": 5, "examples": 9}
    assert results["counts"]["corpus"]["train"] == {"dialogues": 6, "examples": 10}
    meta = json.loads((run / "meta.json").read_text())
    assert meta["versions"]["torch"] == torch.__version__
    assert meta["latency"]["batch1_median_ms"] > 0
    assert meta["latency"]["device"]
    assert meta["wall_time_s"] > 0
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["stage"] for row in rows if row["split"] == "valid"][-1] in ("multitask", "cascade")
    assert capsys.readouterr().out.splitlines()[-1].split()[:3] == [family, "0.1", "17"]


def test_reported_metrics_are_those_of_the_saved_predictions(write_config: WriteConfig, tmp_path: Path) -> None:
    train.main([str(write_config("mvc"))])
    run = tmp_path / "runs" / "tiny" / "mvc-lambda0.1-seed17"
    results = json.loads((run / "results.json").read_text())
    frame = pd.read_parquet(run / "predictions" / "test.parquet")
    empathy_figures = empathy_metrics(frame["empathy_pred"].to_numpy(), frame["empathy_true"].to_numpy())
    assert results["metrics"]["test"]["empathy"] == pytest.approx(empathy_figures)
    emotion_figures = emotion_metrics(frame["emotion_logits"].tolist(), frame["emotion_true"].to_numpy())
    assert results["metrics"]["test"]["emotion"] == pytest.approx(emotion_figures)
    assert frame["example_id"].tolist() == ["hit:5_conv:9/2", "hit:5_conv:9/4", "hit:5_conv:10/2"]


def test_the_saved_model_gives_the_saved_predictions(
    write_config: WriteConfig, tmp_path: Path, tiny_corpus: str
) -> None:
    from modeling import CONTEXT, FULL_DIALOGUE, load_tokenizer
    from pipelines.data.collator import collate
    from pipelines.data.empatheticdialogues import read_empatheticdialogues
    from pipelines.data.encoding import encode_views

    train.main([str(write_config("mvc"))])
    run = tmp_path / "runs" / "tiny" / "mvc-lambda0.1-seed17"
    model = AutoModel.from_pretrained(run / "model").eval()
    examples = read_empatheticdialogues(tiny_corpus, frozenset(), False).examples["test"]
    rows = encode_views(
        examples, (CONTEXT, FULL_DIALOGUE), model.config.context_view, load_tokenizer(str(run / "model")), 64
    )
    batch = collate(rows, pad_token_id=0)
    with torch.no_grad():
        output = model(batch["input_ids"], batch["view_ids"])
    frame = pd.read_parquet(run / "predictions" / "test.parquet")
    assert output.empathy.tolist() == pytest.approx(frame["empathy_pred"].tolist(), abs=1e-5)


def test_a_finished_run_is_skipped(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(write_config("baseline"))
    train.main([config])
    results = tmp_path / "runs" / "tiny" / "baseline-lambda0.1-seed17" / "results.json"
    before = results.stat().st_mtime_ns
    train.main([config])
    assert results.stat().st_mtime_ns == before
    assert "finished before, skipped" in capsys.readouterr().out


def test_two_runs_of_one_seed_give_the_same_results_and_another_seed_does_not(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    config = str(write_config("stm"))
    train.main([config, f"--output_dir={tmp_path / 'a'}", "--seeds=[17,39]"])
    train.main([config, f"--output_dir={tmp_path / 'b'}", "--seeds=[39,17]"])
    texts = {
        (folder, seed): (tmp_path / folder / "tiny" / f"stm-lambda0.1-seed{seed}" / "results.json").read_bytes()
        for folder in "ab"
        for seed in (17, 39)
    }
    assert texts["a", 17] == texts["b", 17]
    assert texts["a", 39] == texts["b", 39]
    metrics = [json.loads(texts["a", seed])["metrics"] for seed in (17, 39)]
    assert metrics[0] != metrics[1]


def test_a_run_folder_of_another_configuration_is_refused_naming_the_difference(write_config: WriteConfig) -> None:
    config = str(write_config("baseline"))
    train.main([config])
    with pytest.raises(UserError, match=r"belongs to another configuration: model.head_dropout was 0.1, is 0.3\. "):
        train.main([config, "--model.head_dropout=0.3"])
    with pytest.raises(UserError, match=r"data.turns was 'all', is 'last'; data_fingerprint was"):
        train.main([config, "--data.turns=last"])


def test_the_next_stage_says_what_it_inherits_and_overrides(
    write_config: WriteConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    train.main([str(write_config("stm"))])
    out = capsys.readouterr().out
    assert "stage 1/2 emotion: starts from the pretrained encoder and new heads" in out
    assert "stage 2/2 multitask: inherits the weights of stage 1 emotion (step 3); overrides epochs 1 -> 2" in out
    assert "learning_rate 0.001 -> 0.0005" in out


def test_an_emotion_only_run_has_no_score(write_config: WriteConfig, tmp_path: Path) -> None:
    stages = [{"objective": "emotion", "epochs": 1, "batch_size": 4}]
    data = yaml.safe_load(write_config("mvc").read_text())["data"] | {
        "turns": "first",
        "labels": None,
        "labels_path": None,
    }
    train.main([str(write_config("mvc", stages=stages, data=data))])
    run = tmp_path / "runs" / "tiny" / "mvc-lambda0.1-seed17"
    results = json.loads((run / "results.json").read_text())
    assert set(results["metrics"]["test"]) == {"emotion"}
    assert results["label_source"] == "own"
    assert pd.read_parquet(run / "predictions" / "test.parquet")["empathy_pred"].isna().all()


def test_a_goemotions_stage_comes_before_the_cascade(write_config: WriteConfig, tmp_path: Path) -> None:
    goemotions = tmp_path / "goemotions"
    goemotions.mkdir()
    from pipelines.data.goemotions import GOEMOTIONS_LABELS

    (goemotions / "labels.txt").write_text("\n".join(GOEMOTIONS_LABELS) + "\n", encoding="utf-8")
    for name in ("train", "dev", "test"):
        lines = [f"My cat is home number {k}\t{k % 28}{',27' if k % 3 else ''}\t{name}{k}" for k in range(12)]
        (goemotions / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = yaml.safe_load(write_config("mvc").read_text())
    stages = [{"objective": "goemotions", "batch_size": 4, "epochs": 1, "select_on": "macro_f1"}, *config["stages"][1:]]
    path = write_config("mvc", stages=stages, data=config["data"] | {"goemotions_path": str(goemotions)})
    assert train.main([str(path)]) == 0
    run = tmp_path / "runs" / "tiny" / "mvc-lambda0.1-seed17"
    first = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    assert first["stage"] == "goemotions"
    assert 0 <= first["macro_f1"] <= 1
    assert json.loads((run / "results.json").read_text())["stages"] == ["goemotions", "cascade"]
    assert "goemotions_head" not in str(AutoModel.from_pretrained(run / "model"))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--nonsense=1"], "nonsense"),
        (["--lambda_emo=much"], "lambda_emo"),
        (["--seeds=[17,17]"], "seeds: expected each seed once, got [17, 17]"),
        (["--data.path=nowhere"], "nowhere: expected a folder"),
        (["--data.corpus=sampel"], "data.corpus: expected one of empatheticdialogues, sample, replies, got 'sampel'"),
        (["--encoder.name_or_path=./no/such/encoder"], "expected a model folder, there is none at this path"),
        (["--encoder.view_length=500"], "has positions for 64 tokens, got 500"),
        (["--family=mvx"], "family: expected one of baseline, stm, mvc, adapter_stack, got 'mvx'"),
        (["--precision=fp16"], "expected a GPU for fp16, use bf16 or fp32 without one"),
        (["--data.labels_path=null"], "data.labels and data.labels_path: expected both or neither"),
        (["--model.head_size=0"], "model.head_size: expected 1 or more, or null, got 0"),
        (["--model.cascade.gold_mix=2"], "model.cascade.gold_mix: expected a probability from 0 to 1, got 2.0"),
        (["--model.cascade.open_from=0"], "model.cascade.open_from: expected a share above 0 and up to 1, got 0.0"),
        (["--model.cascade.gate=true"], "model.cascade.gate: expected false without model.cascade.relevance"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line_and_status_2(
    flags: list[str], message: str, write_config: WriteConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    if flags == ["--precision=fp16"] and torch.cuda.is_available():
        pytest.skip("this machine has a GPU, fp16 runs")
    assert empathy(["train", str(write_config("baseline")), *flags]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1].startswith("empathy train: error: ")
    assert message in error[-1]


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            [{"objective": "cascade"}],
            "to be one of goemotions, multitask for baseline, got 'cascade'",
        ),
        ([{"objective": "multitask", "select_on": "rouge"}], "select_on"),
        (
            [{"objective": "multitask", "patience": 1}],
            "stages.patience: expected a stages.select_on metric beside it",
        ),
        ([{"objective": "multitask", "epochs": 0}], "stages.epochs: expected at least 1, got 0"),
        ([{"objective": "goemotions"}], "data.goemotions_path: expected the folder of GoEmotions"),
    ],
)
def test_stages_that_do_not_fit_are_refused_before_training(
    stages: list[dict[str, object]], message: str, write_config: WriteConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert empathy(["train", str(write_config("baseline", stages=stages))]) == 2
    assert message in capsys.readouterr().err


def test_a_broken_row_in_strict_mode_names_file_and_line(
    write_config: WriteConfig, tiny_corpus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for split in ("train", "valid", "test"):
        (broken / f"{split}.csv").write_bytes((Path(tiny_corpus) / f"{split}.csv").read_bytes())
    lines = (broken / "train.csv").read_text().splitlines()
    lines[3] = "hit:1_conv:1,three"
    (broken / "train.csv").write_text("\n".join(lines) + "\n")
    config = str(write_config("baseline"))
    assert empathy(["train", config, f"--data.path={broken}", "--data.strict=true"]) == 2
    assert "train.csv:4: expected" in capsys.readouterr().err


def test_trackers_get_the_metrics(write_config: WriteConfig, tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    train.main([str(write_config("stm", tracker="tensorboard"))])
    run = tmp_path / "runs" / "tiny" / "stm-lambda0.1-seed17"
    events = accumulator.EventAccumulator(str(next(run.rglob("events.out.tfevents.*")).parent))
    events.Reload()
    assert {"emotion/valid/accuracy", "multitask/valid/mae"} <= set(events.Tags()["scalars"])


def test_an_encoder_that_changed_under_its_name_is_refused(
    write_config: WriteConfig, tmp_path: Path, tiny_bert: str
) -> None:
    shutil.copytree(tiny_bert, tmp_path / "encoder")
    config = str(write_config("baseline", encoder={"name_or_path": str(tmp_path / "encoder"), "view_length": 64}))
    train.main([config])
    run = tmp_path / "runs" / "tiny" / "baseline-lambda0.1-seed17"
    (run / "results.json").unlink()
    weights = load_file(tmp_path / "encoder" / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][5] += 1
    save_file(weights, tmp_path / "encoder" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="belongs to another configuration: encoder_sha256 was '"):
        train.main([config])


def test_stages_that_do_not_see_the_response_use_each_input_once(
    write_config: WriteConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = [{"objective": "emotion", "epochs": 1, "batch_size": 4}, {"objective": "cascade", "epochs": 1}]
    config = yaml.safe_load(write_config("mvc").read_text())
    data = config["data"] | {"context_view": "first_utterance"}
    train.main([str(write_config("mvc", stages=stages, data=data))])
    out = capsys.readouterr().out
    assert "  6 training and 3 validation examples" in out, "one first utterance a dialogue"
    assert "  9 training and 2 validation examples" in out, "every rated response"


def test_a_full_disk_while_saving_leaves_the_last_good_checkpoint(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = [{"objective": "multitask", "epochs": 6, "batch_size": 4, "learning_rate": 1e-3}]
    config = str(write_config("baseline", stages=stages))
    assert empathy(["train", config]) == 0
    cell = Path("tiny") / "baseline-lambda0.1-seed17"
    whole = tmp_path / "runs" / cell
    checkpoint_bytes = (
        12 * json.loads((whole / "meta.json").read_text())["parameters"]
    )  # weights and Adam's two moments
    disk = tmp_path / "disk"
    disk.mkdir()
    # Room for one checkpoint and the small files, not for the next one beside it.
    size = f"size={int(1.5 * checkpoint_bytes) + 200_000}"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        capsys.readouterr()
        assert empathy(["train", config, f"--output_dir={disk}"]) == 2
        assert "checkpoint.pt: could not be written, the disk is full" in capsys.readouterr().err
        progress = load_progress(disk / cell / "checkpoint.pt")
        assert progress is not None
        assert progress.epoch == 1
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
        assert empathy(["train", config, f"--output_dir={disk}"]) == 0
        assert "resuming in epoch 2" in capsys.readouterr().out
        assert (disk / cell / "results.json").read_bytes() == (whole / "results.json").read_bytes()
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)  # a failed writer may hold a file
