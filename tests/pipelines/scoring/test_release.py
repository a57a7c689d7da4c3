"""`empathy release` turns a real tiny run into a release whose scores are the run's, and says what it found."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr
from statsmodels.stats.proportion import proportion_confint

from mvc.model import MVCModel
from pipelines.cli import main as empathy
from pipelines.data.dialogue import EMOTIONS
from pipelines.data.mechanisms import MECHANISMS
from pipelines.errors import UserError
from pipelines.probes import estimates
from pipelines.probes.material import Material
from pipelines.probes.pairs import one_turn
from pipelines.probes.pairs import pair_row as probe_pair
from pipelines.scoring import EmpathyScorer
from pipelines.scoring import release as module
from pipelines.scoring.calibration import Calibration
from pipelines.scoring.checkpoint import FITTED, SCORER
from pipelines.scoring.configuration import ReleaseSettings
from pipelines.scoring.network import HEADS
from pipelines.scoring.reader import pair_row
from pipelines.scoring.release import make_release
from pipelines.scoring.release_data import RatedRows, ReleaseData
from pipelines.scoring.turns import context_turns
from tests.conftest import WriteConfig

WORDS = [
    "cat",
    "dog",
    "van",
    "race",
    "party",
    "happy",
    "sad",
    "sorry",
    "proud",
    "alone",
    "wonderful",
    "terrible",
    "lamp",
    "dinner",
]


def invented_rows(n: int, seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(n):
        said, reply = (" ".join(rng.choice(WORDS, 5)) for _ in range(2))
        rows.append(
            pair_row(context_turns(said), reply)
            | {"conv_id": f"d{seed}-{k // 2}", "example_id": f"d{seed}-{k}", "emotion": int(rng.integers(32))}
        )
    return rows


def rated(n: int, seed: int) -> RatedRows:
    rows, rng = invented_rows(n, seed), np.random.default_rng(seed)
    return RatedRows(rows, {row["conv_id"]: float(rng.integers(1, 6)) for row in rows})


def invented_data() -> ReleaseData:
    rows, rng = invented_rows(150, 5), np.random.default_rng(5)
    pairs = pd.DataFrame({name: rng.integers(0, 3, 150) for name in MECHANISMS})
    pairs["sp_id"] = [f"s{k // 3}" for k in range(150)]
    return ReleaseData(
        trained=invented_rows(80, 1),
        calibration=rated(400, 2),
        valid=rated(60, 3),
        test=invented_rows(40, 4),
        pairs=pairs,
        pair_rows=rows,
        material=invented_material(),
    )


def invented_material() -> Material:
    turns = invented_rows(40, 6)
    corpora = {
        name: [
            probe_pair(one_turn(row["dialogue_context"][0]["text"]), row["response"]) for row in invented_rows(20, k)
        ]
        for name, k in (("talk", 7), ("support", 8))
    }
    return Material("valid", turns, corpora, dict.fromkeys(corpora, 0))


@pytest.fixture
def run(write_config: WriteConfig, tiny_bert: str, tmp_path: Path) -> Path:
    config = write_config(
        "mvc",
        encoder={"name_or_path": tiny_bert, "view_length": 48, "adapter_rank": 2},
        model={"cascade": {"relevance": True, "relevance_weight": 0.3, "gate": True}},
    )
    settings = config.read_text()
    assert "test_split" not in settings
    assert empathy(["train", str(config), "--data.test_split=valid"]) == 0
    folder = next((tmp_path / "runs" / "tiny").glob("mvc-*"))
    text = (folder / "config.yaml").read_text().replace("test_split: valid", "test_split: test")
    (folder / "config.yaml").write_text(text)
    return folder


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 25)


def settings_of(run: Path, out: Path) -> ReleaseSettings:
    return ReleaseSettings(run=str(run), human_ratings_path="", epitome_path="", probe_corpora=[], output_dir=str(out))


def test_a_release_of_a_run(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = invented_data()
    monkeypatch.setattr(module, "read_release_data", lambda settings, experiment: data)
    monkeypatch.setattr(module, "_encoder_version", lambda encoder: "tiny==1")
    out = make_release(settings_of(run, tmp_path / "out"))
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    adapter = {"adapter/adapter_config.json", "adapter/adapter_model.safetensors"}
    assert files == {"config.json", HEADS, FITTED, SCORER, "README.md"} | adapter

    scorer = EmpathyScorer.from_pretrained(out)
    network = MVCModel.from_pretrained(run / "model").eval()
    row = data.valid.rows[0]
    batch = scorer.reader.encode([row], network.views)
    with torch.no_grad():
        expected = network(batch["input_ids"], batch["view_ids"]).empathy.item()
    assert scorer.score_rows([row])[0].empathy == pytest.approx(expected, abs=2e-2)  # half precision

    described = json.loads((out / SCORER).read_text())
    figures = described["figures"]
    scores = scorer.score_rows(data.valid.rows)
    by_dialogue: dict[str, list[float]] = {}
    for one, score in zip(data.valid.rows, scores, strict=True):
        by_dialogue.setdefault(one["conv_id"], []).append(score.empathy)
    means = {name: float(np.mean(values)) for name, values in by_dialogue.items()}
    calibration = Calibration(**described["calibration"])
    inside = [
        calibration.interval(means[name]).low <= rating <= calibration.interval(means[name]).high
        for name, rating in data.valid.ratings.items()
    ]
    covered = figures["people"]["covered"]
    assert (covered["n"], covered["nominal"]) == (30, 0.9)
    assert covered["value"] == pytest.approx(np.mean(inside))
    assert (covered["low"], covered["high"]) == pytest.approx(proportion_confint(sum(inside), 30, method="wilson"))
    errors = [abs(means[name] - rating) for name, rating in data.valid.ratings.items()]
    assert figures["people"]["mae"]["value"] == pytest.approx(np.mean(errors))
    assert figures["people"]["mae"]["low"] < np.mean(errors) < figures["people"]["mae"]["high"]
    rho = spearmanr(list(means.values()), list(data.valid.ratings.values())).statistic
    assert figures["people"]["spearman"]["value"] == pytest.approx(rho)
    emotions = [score.emotion for score in scorer.score_rows(data.test)]
    hits = [name == EMOTIONS[row["emotion"]] for row, name in zip(data.test, emotions, strict=True)]
    assert figures["emotion"]["accuracy"]["value"] == pytest.approx(np.mean(hits))
    assert figures["emotion"]["accuracy"]["n"] == 40
    probes = {one["title"]: one["figure"] for one in figures["probes"]}
    real = scorer.score_rows(data.material.real)
    assert probes["threshold"] == pytest.approx(np.median([one.empathy for one in real]))
    assert described["fitted_on"] == {
        "epitome_pairs": 150,
        "training_pairs": 80,
        "unseen_rated_dialogues": 200,
    }
    assert set(figures["mechanisms"]) == set(MECHANISMS)
    card = (out / "README.md").read_text()
    assert "non-commercial" in card
    row = "| ratings inside the 90% interval | rated validation dialogues, mean over turns | 30 |"
    assert f"{row} {covered['value']:.3f} [" in card
    assert "on 40 real listener turns of the validation split and on 20 pairs of talk, 20 pairs of support:" in card
    assert f"| threshold |  | {probes['threshold']:.3f} |" in card


def test_a_release_is_the_same_twice(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "read_release_data", lambda settings, experiment: invented_data())
    monkeypatch.setattr(module, "_encoder_version", lambda encoder: "tiny==1")
    first, second = (make_release(settings_of(run, tmp_path / name)) for name in ("a", "b"))
    for path in first.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (second / path.relative_to(first)).read_bytes(), path.name


def test_a_run_that_cannot_be_released(write_config: WriteConfig, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected the folder of a finished run"):
        make_release(settings_of(tmp_path, tmp_path / "out"))
    assert empathy(["train", str(write_config("mvc"))]) == 0
    run = next((tmp_path / "runs" / "tiny").glob("mvc-*"))
    with pytest.raises(UserError, match=r"expected a run of mvc with encoder\.adapter_rank"):
        make_release(settings_of(run, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
