"""CLSN and its baselines through the real command, on silver intents."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from transformers.utils import ModelOutput

from pipelines import train
from pipelines.data.empathetic_intents import INTENTS
from pipelines.errors import UserError
from pipelines.evaluation.predict import Outputs
from pipelines.peers import clsn
from pipelines.peers.clsn import Cell, ClsnData, ClsnModelSettings, Settings, class_names, silver_intents
from pipelines.training.configuration import EncoderSettings, StageSettings
from pipelines.training.parsing import parse_settings
from tests.pipelines.peers.invented_directions import sentences, write_config, write_labels, write_sentences

CONFIG = Path(__file__).parents[3] / "configs" / "peers" / "clsn.yaml"


@pytest.fixture(scope="module")
def material(tiny_bert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clsn")
    write_sentences(folder / "sentences")
    write_labels(folder, tiny_bert)
    return folder


def settings(material: Path, encoder: str, setting: Any = "multi", **model: Any) -> Settings:
    return Settings(
        peer="clsn",
        name="tiny",
        data=ClsnData(path=str(material / "sentences"), labels=str(material / "labels" / "invented"), setting=setting),
        model=ClsnModelSettings(**model),
        encoder=EncoderSettings(encoder, view_length=32),
    )


def trained(config: str, *flags: str) -> dict[str, Any]:
    """results.json of the one run, its predictions of the test split under "predictions"."""
    assert train.main([config, *flags]) == 0
    (file,) = (Path(config).parent / "runs" / "tiny").glob("*/results.json")
    results = json.loads(file.read_text(encoding="utf-8"))
    return results | {"predictions": pd.read_parquet(file.parent / "predictions" / "test.parquet"), "run": file.parent}


def test_clsn_learns_the_direction(tmp_path: Path, tiny_bert: str, material: Path) -> None:
    found = trained(write_config(tmp_path, tiny_bert, material))
    assert found["variant"] == "clsn-multi"
    assert found["counts"] == {"train": 86, "valid": 29, "test": 29}
    metrics, predictions = found["metrics"]["test"], found["predictions"]
    assert set(metrics) == {"accuracy", "weighted_f1", "macro_f1", "intent_accuracy"}
    assert metrics["accuracy"] > 0.9  # a third by chance
    assert list(predictions) == ["id", "direction", "intent", "direction_logits", "intent_logits", "pooled"]
    assert np.stack(predictions["direction_logits"]).shape == (29, 3)
    assert np.stack(predictions["pooled"]).shape == (29, 32)
    logits = np.stack(predictions["intent_logits"])
    assert logits.shape == (29, len(INTENTS))
    assert metrics["intent_accuracy"] == pytest.approx((logits.argmax(axis=1) == predictions["intent"]).mean())
    card = (found["run"] / "model" / "README.md").read_text(encoding="utf-8")
    assert "silver labels" in card and "# clsn, clsn-multi" in card


def test_a_single_task_in_a_binary_setting(
    tmp_path: Path, tiny_bert: str, material: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, tiny_bert, material, system="single_task")
    found = trained(config, "--data.setting=seek")
    assert found["variant"] == "single_task-seek"
    metrics, predictions = found["metrics"]["test"], found["predictions"]
    assert set(metrics) == {"accuracy", "weighted_f1", "macro_f1", "f1", "intent_accuracy"}
    assert metrics["intent_accuracy"] is None
    assert list(predictions) == ["id", "direction", "intent", "direction_logits", "pooled"]
    classes = np.stack(predictions["direction_logits"]).argmax(axis=1)
    assert set(predictions["direction"]) == {0, 1}
    assert metrics["accuracy"] == pytest.approx((classes == predictions["direction"]).mean())
    capsys.readouterr()
    assert train.main([config, "--data.setting=seek"]) == 0
    assert "finished before, skipped" in capsys.readouterr().out


@pytest.mark.parametrize("system", ["single_task", "joint", "joint_id_sf", "dcr_net", "co_gat"])
def test_baselines_have_a_network_of_their_own(material: Path, tiny_bert: str, system: str) -> None:
    chosen = settings(material, tiny_bert, system=system)
    config = Cell(chosen, Cell.read(chosen), 17).build_model().config
    assert (config.model_type, config.kind) == ("empathy-clsn-baselines", system)
    assert chosen.variant == f"{system}-multi"


def test_rows_are_named_by_their_text_and_cut_alike_in_all_settings(material: Path, tiny_bert: str) -> None:
    frames = {name: Cell.read(settings(material, tiny_bert, name)) for name in ("multi", "seek", "provide")}
    texts, labels = zip(*sentences(), strict=True)
    multi = frames["multi"]
    assert multi["text"].tolist() == [*texts]
    assert multi["id"][0] == hashlib.sha256(texts[0].encode()).hexdigest()[:16]
    assert multi["direction"].tolist() == [*labels]
    assert frames["provide"]["direction"].tolist() == [int(label == 2) for label in labels]
    cells = {name: Cell(settings(material, tiny_bert, name), frame, 39) for name, frame in frames.items()}
    assert cells["seek"].frames["test"]["id"].tolist() == cells["multi"].frames["test"]["id"].tolist()
    assert cells["seek"].data_fingerprint != cells["multi"].data_fingerprint
    other = Cell(settings(material, tiny_bert), multi, 17)
    assert other.frames["test"]["id"].tolist() != cells["multi"].frames["test"]["id"].tolist()


def test_silver_intents_are_the_raters_and_kept(
    material: Path, tiny_bert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    probabilities = np.eye(len(INTENTS))[[4, 6]]
    monkeypatch.setattr(clsn, "intent_probabilities", lambda rater, encoder, texts: probabilities[: len(texts)])
    labels = material / "labels" / "invented"
    assert silver_intents(labels, ["So sorry!", "Why?"]).tolist() == [4, 6]
    monkeypatch.setattr(clsn, "intent_probabilities", None)
    assert silver_intents(labels, ["So sorry!", "Why?"]).tolist() == [4, 6]
    with pytest.raises(UserError, match="expected a labels folder with its card"):
        silver_intents(material / "elsewhere", ["Why?"])


@pytest.mark.parametrize(
    ("model", "variant"),
    [
        ({}, "clsn-provide"),
        ({"cascaded_attention": False}, "clsn_no_cascade-provide"),
        ({"cascaded_attention": False, "label_signal": False}, "clsn_no_cascade_no_signal-provide"),
        ({"eta": 2.0}, "clsn_eta2-provide"),
        ({"loss": "cross_entropy"}, "clsn_cross_entropy-provide"),
        ({"system": "joint"}, "joint-provide"),
    ],
)
def test_variants(model: dict[str, Any], variant: str) -> None:
    data = ClsnData(path="sentences", labels="labels", setting="provide")
    found = Settings(peer="clsn", name="tiny", data=data, model=ClsnModelSettings(**model))
    assert found.variant == variant
    assert found.cell_name(17) == f"clsn-{variant}-seed17"


def test_options_reach_the_network(material: Path, tiny_bert: str) -> None:
    chosen = settings(material, tiny_bert, "seek", loss="cross_entropy", cascaded_attention=False, intent_weight=0.3)
    config = Cell(chosen, Cell.read(chosen), 17).build_model().config
    assert (config.loss, config.cascaded_attention, config.label_signal) == ("cross_entropy", False, True)
    assert (config.intent_weight, config.num_directions, config.num_intents) == (0.3, 2, 9)


def test_what_does_not_fit_together() -> None:
    with pytest.raises(UserError, match=r"data\.exclude_ids: expected none, since IEMPATHIZE has no ids, got 'ids'"):
        ClsnData(path="sentences", labels="labels", exclude_ids="ids")
    with pytest.raises(UserError, match=r"model\.eta: expected the default for the baseline co_gat, .* got 2\.0"):
        ClsnModelSettings(system="co_gat", eta=2.0)
    stage = StageSettings("joint", select_on="intent_accuracy")
    data = ClsnData(path="sentences", labels="labels")
    model = ClsnModelSettings(system="single_task")
    with pytest.raises(UserError, match="intent_accuracy is not for single_task in the setting multi"):
        Settings(peer="clsn", name="tiny", data=data, model=model, stages=[stage])
    with pytest.raises(UserError, match="f1 is not for clsn in the setting multi"):
        Settings(peer="clsn", name="tiny", data=data, stages=[StageSettings("joint", select_on="f1")])


def test_figures_by_hand(material: Path, tiny_bert: str) -> None:
    chosen = settings(material, tiny_bert, "seek")
    cell = Cell(chosen, Cell.read(chosen), 17)
    frame = pd.DataFrame({"direction": [1, 1, 0, 0], "intent": [0, 1, 8, 8]})
    outputs = {"direction_logits": list(np.eye(2)[[1, 0, 0, 0]]), "intent_logits": list(np.eye(9)[[0, 1, 8, 7]])}
    figures = cell.figures(Outputs(outputs, {}, 0.0), frame)
    assert figures == pytest.approx(
        {
            "accuracy": 0.75,
            "weighted_f1": (2 / 3 + 4 / 5) / 2,
            "macro_f1": (2 / 3 + 4 / 5) / 2,
            "f1": 2 / 3,
            "intent_accuracy": 0.75,
        }
    )


def test_empathy_is_the_probability_of_providing() -> None:
    chances = torch.tensor([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    output = ModelOutput(direction_logits=chances.log())
    torch.testing.assert_close(Cell.empathy(output, "joint-multi"), chances[:, 2])
    binary = ModelOutput(direction_logits=chances[:, :2].log())
    expected = chances[:, 1] / chances[:, :2].sum(dim=1)
    torch.testing.assert_close(Cell.empathy(binary, "clsn_no_signal-provide"), expected)
    with pytest.raises(UserError, match="clsn-seek does not"):
        Cell.empathy(binary, "clsn-seek")


def test_the_shipped_config() -> None:
    found = parse_settings(Settings, [str(CONFIG)], "empathy train", "")
    assert found.variant == "clsn-multi"
    assert found.data.shares == [0.6, 0.2, 0.2]
    assert found.stages == [StageSettings("joint", epochs=8, learning_rate=1e-4, head_learning_rate=1e-3)]
    assert class_names(found.data.setting) == ("none", "seek", "provide")
