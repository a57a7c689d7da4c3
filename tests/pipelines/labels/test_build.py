"""Building the labels: resumed builds, what is never fitted, and published weights."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from pipelines.errors import UserError
from pipelines.labels import build, text_rater
from pipelines.labels.build import PUBLISHED, LabelFolder, build_labels
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.label_model import LabelModel
from pipelines.labels.signals import IDS
from tests.pipelines.labels.invented import RESERVED, change_rating, label_settings, quick, rated_ids

ROOT = Path(__file__).parents[3]
SOME = ["length", "cues", "epitome", "ratings"]


@pytest.fixture(autouse=True)
def short_trainings() -> Iterator[None]:
    with quick():
        yield


@pytest.fixture
def settings(tmp_path: Path, tiny_bert: str) -> LabelSettings:
    return label_settings(tmp_path, tiny_bert, functions=SOME)


def refuse(*_: Any) -> None:
    raise AssertionError("trained")


def labels_of(folder: LabelFolder) -> pd.DataFrame:
    return pd.read_parquet(folder.labels)


def card_of(folder: LabelFolder) -> dict[str, Any]:
    return json.loads(folder.card.read_text(encoding="utf-8"))


def test_the_label_model_that_is_written_gives_the_scores(settings: LabelSettings) -> None:
    folder = build_labels(settings)
    model = LabelModel.from_dict(json.loads(folder.label_model.read_text(encoding="utf-8")))
    scores = model.score(pd.read_parquet(folder.signals))
    labels = labels_of(folder)
    for name in ("empathy", "empathy_se", "empathy_sd"):
        assert labels[name].to_numpy() == pytest.approx(scores[name].to_numpy(), abs=1e-5)
    assert (labels["empathy_sd"] > 0.05).all() and (labels["empathy_se"] > 0).any()


def test_scores_follow_the_cues_that_the_ratings_depend_on(settings: LabelSettings) -> None:
    folder = build_labels(settings)
    signals, labels = pd.read_parquet(folder.signals), labels_of(folder)
    means = labels["empathy"].groupby([signals["cues.apology"], signals["cues.question"]]).mean()
    assert means[1, 0] > means[1, 1] > means[0, 1]
    assert means[1, 0] > means[0, 0] + 1
    card = card_of(folder)
    weights = {row["signal"]: row["weight"] for row in card["signals"]}
    assert weights["cues.apology"] > 0.8 and weights["cues.question"] < -0.3
    assert card["agreement"]["valid"]["spearman"]["value"] > 0.5
    assert card["agreement"]["valid"]["n"] == 36
    assert np.mean(card["label_model"]["sheet_effects"]) == pytest.approx(0, abs=0.1)
    assert card["label_model"]["sheet_effects"] == sorted(card["label_model"]["sheet_effects"])  # -1, 0, 1
    calibration = card["calibration"]
    assert sum(group["n"] for group in calibration) == len(
        set(rated_ids(Path(str(settings.human_ratings_path)), "train")) - set(RESERVED)
    )
    assert [group["score"] for group in calibration] == sorted(group["score"] for group in calibration)
    assert calibration[-1]["mean"] - calibration[0]["mean"] > 1.5
    for group in calibration:
        assert abs(group["median"] - group["mean"]) < 0.8 and abs(group["score"] - group["median"]) < 1


def test_reserved_ratings_are_never_fitted_and_reserved_turns_are_labelled(settings: LabelSettings) -> None:
    before = labels_of(build_labels(settings))
    for conv_id in RESERVED:
        assert conv_id in rated_ids(Path(str(settings.human_ratings_path)), "train")
        change_rating(Path(str(settings.human_ratings_path)), conv_id)
    after = build_labels(settings)
    pd.testing.assert_frame_equal(labels_of(after), before, check_exact=True)
    assert set(RESERVED) <= set(before["conv_id"])
    # One that is not reserved does matter.
    other = next(one for one in rated_ids(Path(str(settings.human_ratings_path)), "train") if one not in RESERVED)
    change_rating(Path(str(settings.human_ratings_path)), other)
    assert (labels_of(build_labels(settings))["empathy"] != before["empathy"]).any()


def test_validation_ratings_change_nothing_but_the_agreement(settings: LabelSettings) -> None:
    first = build_labels(settings)
    labels, card, model = labels_of(first), card_of(first), first.label_model.read_bytes()
    for conv_id in rated_ids(Path(str(settings.human_ratings_path)), "valid")[:20]:
        change_rating(Path(str(settings.human_ratings_path)), conv_id)
    second = build_labels(settings)
    pd.testing.assert_frame_equal(labels_of(second), labels, check_exact=True)
    assert second.label_model.read_bytes() == model
    changed = card_of(second)
    assert changed["agreement"]["valid"]["spearman"] != card["agreement"]["valid"]["spearman"]
    for key in ("label_model", "cross_validation", "calibration", "counts", "words_and_score"):
        assert changed[key] == card[key], key


def test_a_build_that_is_killed_goes_on_and_ends_the_same(
    settings: LabelSettings,
    tmp_path: Path,
    tiny_bert: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    # Several threads add up in an order of their own, so that two trainings differ in the last digits.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    request.addfinalizer(lambda: torch.set_num_threads(threads))
    whole = build_labels(settings)
    code = """
import os, signal, sys
from pathlib import Path
from pipelines.labels.build import build_labels
from pipelines.labels.functions import ratings
from tests.pipelines.labels.invented import label_settings, quick

rate, done = ratings.rate, []
def kill(*arguments):
    if done:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(1)
    return rate(*arguments)

ratings.rate = kill
with quick():
    folder = Path(sys.argv[1])
    build_labels(label_settings(folder, sys.argv[2], functions=sys.argv[3].split(","), name="killed",
                                cache_dir=str(folder / "other cache")))
"""
    command = [sys.executable, "-c", code, str(tmp_path), tiny_bert, ",".join(SOME)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not (tmp_path / "labels" / "killed").exists()
    other = label_settings(tmp_path, tiny_bert, functions=SOME, name="killed", cache_dir=str(tmp_path / "other cache"))
    trained: list[str] = []
    train = text_rater.train_rater

    def named(*arguments: Any) -> Any:
        trained.append(arguments[-1])
        return train(*arguments)

    monkeypatch.setattr(text_rater, "train_rater", named)
    capsys.readouterr()
    resumed = build_labels(other)
    said = capsys.readouterr().out
    assert [name for name in SOME if f"{name}: from the cache" in said] == SOME[:3]
    assert trained == ["rating rater 3 of 3"]  # the second was trained, though not yet asked
    for kind in ("labels", "signals", "label_model"):
        assert getattr(resumed, kind).read_bytes() == getattr(whole, kind).read_bytes(), kind


@pytest.mark.parametrize("killed_in", ["compute_signals", "cross_validate", "card_markdown", "write_json"])
def test_a_build_that_fails_at_any_time_leaves_no_half_of_itself(
    settings: LabelSettings, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    settings.functions = ["length", "cues"]

    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(build, killed_in, fail)
        with pytest.raises(KeyboardInterrupt):
            build_labels(settings)
    folder = LabelFolder(Path(settings.output_dir) / settings.name)
    assert not folder.card_text.exists()
    assert not list(folder.path.glob(".*"))
    build_labels(settings)
    assert len(labels_of(folder)) == 480
    assert len(list(folder.path.iterdir())) == 5


def test_nothing_is_trained_where_no_function_needs_an_encoder(
    settings: LabelSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_rater, "train_rater", refuse)
    settings.functions, settings.encoder = ["length", "cues", "selfeval"], "nowhere/to-be-found"
    folder = build_labels(settings)
    card = card_of(folder)
    assert {row["signal"].split(".")[0] for row in card["signals"]} == {"length", "cues", "selfeval"}
    coverage = {row["signal"]: row["coverage"] for row in card["signals"]}
    assert 0.3 < coverage["selfeval.empathy"] < 0.7 and coverage["length.words"] == 1


def publish(folder: Path, model: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PUBLISHED:
        (folder / name).write_text(json.dumps(model), encoding="utf-8")
    monkeypatch.setattr(build, "files", lambda package: folder)


def test_fixed_weights_need_no_ratings(
    settings: LabelSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.functions = ["length", "cues"]
    fitted = build_labels(settings)
    published = json.loads(fitted.label_model.read_text(encoding="utf-8"))
    count = len(published["signals"])
    unknown = {"standard_errors": [None] * count, "covariance": np.zeros((count, count)).tolist()}
    publish(tmp_path, published | unknown, monkeypatch)
    settings.label_model, settings.human_ratings_path, settings.name = "fixed", None, "fixed"
    fixed = build_labels(settings)
    before, after = labels_of(fitted), labels_of(fixed)
    assert after["empathy"].to_numpy() == pytest.approx(before["empathy"].to_numpy(), abs=1e-6)
    assert (after["empathy_se"] == 0).all()
    assert set(after["label_source"]) == {"hybrid:fixed"}
    card = card_of(fixed)
    assert (card["label_model"]["chosen"], card["agreement"]["valid"]) == ("published", None)
    assert {row["standard_error"] for row in card["signals"]} == {None}
    assert "the weights published with the package" in fixed.card_text.read_text(encoding="utf-8")
    again = LabelModel.from_dict(json.loads(fixed.label_model.read_text(encoding="utf-8")))
    assert np.isnan(again.standard_errors).all()
    # With ratings at hand the fixed weights are reported on, not fitted.
    settings.human_ratings_path = str(tmp_path / "ratings.csv")
    pd.testing.assert_frame_equal(labels_of(build_labels(settings)), after, check_exact=True)
    assert card_of(fixed)["agreement"]["valid"]["n"] == 36


def test_fixed_weights_name_the_functions_that_are_missing(
    settings: LabelSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.functions = ["length", "cues"]
    published = json.loads(build_labels(settings).label_model.read_text(encoding="utf-8"))
    signals = ["epitome.er", "intents.wishing", *published["signals"][2:]]
    publish(tmp_path, published | {"signals": signals}, monkeypatch)
    settings.label_model = "fixed"
    with pytest.raises(
        UserError,
        match=r"^functions: expected \[epitome, intents, cues\] or .* for label_model fixed, whose "
        r"weights ship with the package, got \[length, cues\]; name those, or fit it$",
    ):
        build_labels(settings)


def test_an_encoder_that_is_not_there(settings: LabelSettings) -> None:
    settings.encoder = "./nowhere"
    with pytest.raises(UserError, match=r"encoder './nowhere': expected a model folder, there is none at this path"):
        build_labels(settings)


def test_labels_name_every_turn_once(settings: LabelSettings) -> None:
    settings.functions = ["length", "cues"]
    folder = build_labels(settings)
    labels, signals = labels_of(folder), pd.read_parquet(folder.signals)
    pd.testing.assert_frame_equal(labels[IDS], signals[IDS])
    assert labels["example_id"].is_unique
    assert list(labels) == [*IDS, "empathy", "empathy_se", "empathy_sd", "label_source"]
