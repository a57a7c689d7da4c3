"""What holds of every registered peer that has a network, through the real command on tiny invented corpora."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from transformers import AutoModel, AutoTokenizer
from transformers.utils import ModelOutput

from pipelines import train
from pipelines.cli import main as empathy
from pipelines.data.dialogue import SPEAKER
from pipelines.evaluation.predict import gather_outputs
from pipelines.evaluation.scorers import load_scorer
from pipelines.peers.cell import PeerCell, PeerModule
from pipelines.peers.registry import PEERS, load_peer
from pipelines.probes.pairs import one_turn, pair_row
from pipelines.training.cell import make_accelerator
from pipelines.training.experiment import reset_state
from pipelines.training.parsing import parse_settings
from pipelines.training.stage import StageTrainer
from tests.pipelines.peers import invented_directions
from tests.pipelines.peers.invented_mechanisms import write_config
from tests.pipelines.peers.test_retrieval import corpus as dialogues

__all__ = ["dialogues"]  # a fixture

FILES = {"config.yaml", "meta.json", "metrics.jsonl", "model", "predictions", "results.json", "stages"}
WITHOUT_NETWORK = {"micromodels"}
NETWORKS = sorted(set(PEERS) - WITHOUT_NETWORK)
WriteConfig = Callable[[str, Path], str]


class Trained(NamedTuple):
    """A finished run: its peer, config and folder."""

    peer: str
    config: str
    run: Path

    @property
    def results(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.run / "results.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture(scope="module")
def write(tiny_bert: str, mechanisms: str, dialogues: str, tmp_path_factory: pytest.TempPathFactory) -> WriteConfig:
    """`write(peer, folder)`: a config of one seed and two epochs, whose runs go to <folder>/runs."""
    material = tmp_path_factory.mktemp("directions")
    invented_directions.write_sentences(material / "sentences")
    invented_directions.write_labels(material, tiny_bert)

    def write_one(peer: str, folder: Path) -> str:
        if peer in ("epitome", "text_pairs"):
            return write_config(folder, peer, tiny_bert, mechanisms)
        if peer == "clsn":
            path = Path(invented_directions.write_config(folder, tiny_bert, material))
        elif peer == "retrieval":
            path = Path(write_config(folder, peer, tiny_bert, dialogues))
        else:
            raise AssertionError(f"write a tiny config of {peer} here")
        settings = yaml.safe_load(path.read_text())
        settings["stages"] = [{"objective": "joint", "batch_size": 16, "learning_rate": 1e-3, "epochs": 2}]
        if peer == "retrieval":
            settings["stages"][0]["objective"] = "retrieval"
            settings["data"] = {"path": dialogues}
        path.write_text(yaml.safe_dump(settings), encoding="utf-8")
        return str(path)

    return write_one


@pytest.fixture(scope="module", params=NETWORKS)
def trained(request: pytest.FixtureRequest, write: WriteConfig, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Each peer's finished run, made once."""
    config = write(request.param, tmp_path_factory.mktemp(request.param))
    assert train.main([config]) == 0
    (results,) = (Path(config).parent / "runs" / "tiny").glob("*/results.json")
    return Trained(request.param, config, results.parent)


def test_every_peer_is_known_here() -> None:
    assert set(PEERS) > WITHOUT_NETWORK
    for name in PEERS:
        assert issubclass(load_peer(name).Cell, PeerCell) == (name in NETWORKS)


def test_a_run_leaves_every_file_of_the_contract(trained: Trained) -> None:
    run, results = trained.run, trained.results
    assert {path.name for path in run.iterdir()} == FILES
    assert run.name == f"{trained.peer}-{results['variant']}-seed17"
    assert [path.name for path in run.rglob("*") if path.suffix in (".bin", ".pt", ".pkl")] == []
    assert (results["schema_version"], results["peer"], results["seed"]) == (1, trained.peer, 17)
    assert f"|variant:{results['variant']}|seed:17|" in results["signature"]
    for split in ("valid", "test"):
        predicted = pd.read_parquet(run / "predictions" / f"{split}.parquet")
        assert len(predicted) == results["counts"][split] > 0
        assert predicted["id"].is_unique
        assert all(value is None or np.isfinite(value) for value in results["metrics"][split].values())
    meta = json.loads((run / "meta.json").read_text())
    assert meta["latency"]["batch1_median_ms"] > 0
    assert len(meta["encoder_sha256"]) == len(meta["data_fingerprint"]) == 64
    steps = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [step["epoch"] for step in steps if step["split"] == "valid"] == [1.0, 2.0]
    card = (run / "model" / "README.md").read_text()
    assert f"# {trained.peer}, {results['variant']}" in card
    assert load_peer(trained.peer).Cell.about in card


def test_a_finished_run_is_skipped(trained: Trained, capsys: pytest.CaptureFixture[str]) -> None:
    before = (trained.run / "results.json").stat().st_mtime_ns
    assert train.main([trained.config]) == 0
    assert (trained.run / "results.json").stat().st_mtime_ns == before
    out = capsys.readouterr().out
    assert "finished before, skipped" in out
    assert out.splitlines()[-1].split()[:2] == [trained.results["variant"], "17"]


def test_a_killed_run_resumes_to_the_same_results(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step, taken = StageTrainer._step, []

    def killed(self: StageTrainer, passes: Any) -> None:
        if len(taken) == 3:
            raise KeyboardInterrupt
        taken.append(passes)
        step(self, passes)

    flags = [trained.config, f"--output_dir={tmp_path / 'runs'}", "--checkpoint_every=2"]
    run = tmp_path / "runs" / "tiny" / trained.run.name
    with monkeypatch.context() as patched:
        patched.setattr(StageTrainer, "_step", killed)
        with pytest.raises(KeyboardInterrupt):
            train.main(flags)
    assert (run / "checkpoint.pt").is_file() and not (run / "results.json").exists()
    assert train.main(flags) == 0
    assert "resuming in epoch 1, after 2 steps" in capsys.readouterr().out
    assert (run / "results.json").read_bytes() == (trained.run / "results.json").read_bytes()
    assert {path.name for path in run.iterdir()} == FILES


def reloaded(trained: Trained, split: str) -> tuple[PeerCell, Any]:
    """The run's cell, and what its saved model gives for a split."""
    peer = load_peer(trained.peer)
    settings = parse_settings(peer.Settings, [trained.config], "empathy train", "")
    (cell,) = peer.Cell.all_of(settings)
    cell.tokenizer = AutoTokenizer.from_pretrained(trained.run / "model")
    model = AutoModel.from_pretrained(trained.run / "model")
    reset_state()
    objective = cell.network.OBJECTIVES[settings.stages[-1].objective]
    rows = cell.rows(cell.frames[split], model)
    accelerator = make_accelerator(settings)
    module = accelerator.prepare_model(PeerModule(model, objective), evaluation_mode=True)
    return cell, gather_outputs(module, rows, cell._collate(), accelerator, cell.outputs, cell.labels)


@pytest.mark.parametrize("split", ["valid", "test"])
def test_the_saved_model_gives_the_saved_predictions_and_figures(trained: Trained, split: str) -> None:
    cell, found = reloaded(trained, split)
    frame = cell.frames[split]
    there = pd.read_parquet(trained.run / "predictions" / f"{split}.parquet")
    again = cell.predictions(found, frame)
    assert list(there) == list(again)
    for name in there:
        if there[name].dtype == object and not isinstance(there[name][0], str):
            one, other = (np.concatenate([np.ravel(value) for value in table[name]]) for table in (there, again))
            np.testing.assert_allclose(one.astype(float), other.astype(float), rtol=0, atol=1e-5)
        else:
            assert there[name].tolist() == again[name].tolist()
    figures = trained.results["metrics"][split]
    measured = cell.figures(found, frame)
    assert measured.keys() <= figures.keys()
    assert measured == {name: figures[name] for name in measured}


def pairs_of(cell: PeerCell) -> list[dict[str, Any]]:
    """The test split as rows that any scorer takes."""
    frame = cell.frames["test"]
    if "dialogue_context" in frame:
        return [pair_row(turns, text) for turns, text in zip(frame["dialogue_context"], frame["response"], strict=True)]
    first = next((frame[name] for name in ("first", "seeker_post") if name in frame), frame.iloc[:, 1])
    second = next(frame[name] for name in ("second", "response_post", "text") if name in frame)
    return [pair_row(one_turn(one), other) for one, other in zip(first, second, strict=True)]


def test_the_runs_scorer_scores_the_corpus_as_the_run_did(trained: Trained) -> None:
    cell, found = reloaded(trained, "test")
    alike = {
        name: torch.tensor(np.stack(values))
        for name, values in found.outputs.items()
        if len({value.shape for value in values}) == 1
    }
    output = ModelOutput({"logits": None, "score": None} | alike)
    expected = cell.empathy(output, trained.results["variant"])
    scorer = load_scorer(str(trained.run))
    assert scorer.name == f"tiny/{trained.run.name}"
    rows = pairs_of(cell)
    scores = scorer.score(rows)
    np.testing.assert_allclose(scores, expected.numpy(), rtol=0, atol=1e-4)
    assert len(set(scores.tolist())) > 1


def test_equal_pairs_have_equal_scores_and_odd_ones_finite_ones(trained: Trained) -> None:
    scorer = load_scorer(str(trained.run))
    turns = [{"role": SPEAKER, "text": "My cat died."}, {"role": "listener", "text": "Oh."}, *one_turn("I cried.")]
    rows = [
        pair_row(turns, "I am so sorry for you!"),
        pair_row(one_turn("My cat died."), "Oh no."),
        pair_row(one_turn("My cat died. " * 60), "Then drink tea. " * 60),
        pair_row(one_turn(""), "Oh no."),
        pair_row(one_turn("My cat died."), ""),
        pair_row([], "I see."),
    ]
    scores = scorer.score(rows)
    assert scores.shape == (6,) and np.isfinite(scores).all()
    alone = [scorer.score([row])[0] for row in rows]
    assert alone == scores.tolist()
    np.testing.assert_array_equal(load_scorer(str(trained.run)).score(rows), scores)


@pytest.mark.parametrize("peer", NETWORKS)
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model.nonsense=1"], "nonsense"),
        (["--data.path=nowhere"], "nowhere"),
        (["--stages=[{objective: nonsense}]"], "to be one of {objectives} for {peer}, got 'nonsense'"),
        (["--stages=[{objective: {objective}, select_on: rouge}]"], "expected select_on of stage 1 to be one of"),
        (
            ["--stages=[{objective: {objective}, max_dialogues: 9}]"],
            "expected no max_dialogues in stage 1, got 9; a peer",
        ),
        (["--encoder.view_length=500"], "has positions for 64 tokens, got 500"),
        (["--encoder.name_or_path=./no/encoder"], "expected a model folder, there is none at this path"),
        (["--seeds=[17,17]"], "seeds: expected each seed once, got [17, 17]"),
    ],
    ids=lambda value: value[0].split("=")[0] if isinstance(value, list) else "",
)
def test_what_a_user_gets_wrong_is_one_line_and_status_2(
    peer: str, flags: list[str], message: str, write: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write(peer, tmp_path)
    (objective,) = (stage["objective"] for stage in yaml.safe_load(Path(config).read_text())["stages"])
    flags = [flag.replace("{objective}", objective) for flag in flags]
    assert empathy(["train", config, *flags]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1].startswith("empathy train: error: ")
    assert message.format(objectives=objective, peer=peer) in error[-1]
    assert "Traceback" not in "".join(error)
    assert not list(tmp_path.rglob("results.json"))
