"""The micromodels' boosting machine: our own evaluation of its tables against the library's."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from peers.micromodels import OBJECTIVES, Config, Model
from peers.micromodels.additive import AdditiveModel

pytest.importorskip("interpret", reason="interpret-core is not installed")


def invented_rows(rows: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Two similarities and two counts, one of them constant, and levels that follow from the first and the third."""
    random = np.random.default_rng(seed)
    features = pd.DataFrame(
        {
            "weak_similarity_0": random.uniform(-1, 1, rows),
            "strong_similarity_0": random.uniform(-1, 1, rows),
            "weak_sentences": random.integers(0, 4, rows).astype(float),
            "strong_sentences": np.zeros(rows),
        }
    )
    evidence = features["weak_similarity_0"] + 0.5 * features["weak_sentences"] + random.normal(0, 0.2, rows)
    return features, np.digitize(evidence, [0.4, 1.2])


@pytest.fixture(scope="module")
def fitted() -> tuple[Model, Any]:
    """A model, and the library's own machine that it was made from."""
    machines: list[Any] = []
    take_over = AdditiveModel.from_interpret
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdditiveModel, "from_interpret", lambda machine: machines.append(machine) or take_over(machine))
        features, levels = invented_rows(240, 0)
        model = OBJECTIVES["fit"](Model(Config("er")), {"features": features, "level": levels})
    return model, machines[0]


def test_probabilities_are_the_librarys_also_at_the_cuts_and_beyond_them(fitted: tuple[Model, Any]) -> None:
    model, machine = fitted
    features, _ = invented_rows(300, 1)
    cuts = machine.bins_[0][0]
    assert len(cuts) > 100
    features.loc[: len(features) - 3, "weak_similarity_0"] = np.resize(cuts, len(features) - 2)
    features.loc[len(features) - 2 :, "weak_similarity_0"] = [-5.0, 5.0]
    features["strong_sentences"] = np.arange(300) % 3
    found = model.predict_proba(features)
    assert found.shape == (300, 3)
    np.testing.assert_allclose(found, machine.predict_proba(features.to_numpy()), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(model.predict(features), machine.predict(features.to_numpy()))


def test_importances_and_contributions_are_the_librarys(fitted: tuple[Model, Any]) -> None:
    model, machine = fitted
    np.testing.assert_allclose(model.importances(), machine.term_importances(), rtol=0, atol=1e-12)
    features, _ = invented_rows(20, 2)
    found = model.contributions(features)
    assert found.shape == (20, 4, 3)
    np.testing.assert_allclose(found, machine.eval_terms(features.to_numpy()), rtol=0, atol=1e-12)
    assert not found[:, 3].any()  # a constant tells nothing


def test_it_learns_what_the_levels_follow_from(fitted: tuple[Model, Any]) -> None:
    features, levels = invented_rows(500, 3)
    constant = max(np.bincount(levels)) / 500
    assert (fitted[0].predict(features) == levels).mean() > constant + 0.3
    similarity, noise, count, nothing = fitted[0].importances()
    assert min(similarity, count) > 5 * noise > nothing == 0


def test_a_prediction_by_hand() -> None:
    tables = AdditiveModel(
        intercept=np.array([0.0, 1.0, -1.0]),
        cuts=(np.array([0.5]), np.array([1.5, 2.5])),
        scores=(np.array([[1.0, 0, 0], [0, 2, 0]]), np.array([[0.0, 0, 0], [0, 0, 3], [0, 0, 4]])),
        weights=(np.array([3.0, 1.0]), np.array([1.0, 1.0, 2.0])),
    )
    log_odds = np.array([0.0, 1 + 2, -1 + 3])  # .5 is at the cut, so above it
    expected = np.exp(log_odds) / np.exp(log_odds).sum()
    np.testing.assert_allclose(tables.predict_proba(np.array([[0.5, 2.0]])), [expected], rtol=0, atol=1e-12)
    np.testing.assert_allclose(tables.importances(), [(3 * 1 / 3 + 2 / 3) / 4, (0 + 1 + 2 * 4 / 3) / 4])


def test_the_same_seed_gives_the_same_model(fitted: tuple[Model, Any]) -> None:
    features, levels = invented_rows(240, 0)
    again = Model(Config("er")).fit(features, levels).predict_proba(features)
    np.testing.assert_array_equal(again, fitted[0].predict_proba(features))
    other = Model(Config("er", seed=39)).fit(features, levels).predict_proba(features)
    assert np.abs(other - again).max() > 1e-6


def test_round_trip_without_a_pickle_and_without_the_library(
    fitted: tuple[Model, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fitted[0]
    model.save(tmp_path / "new" / "model")
    assert sorted(file.name for file in (tmp_path / "new" / "model").iterdir()) == ["config.json", "model.safetensors"]
    for name in [name for name in sys.modules if name.split(".")[0] == "interpret"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "interpret", None)
    again = Model.load(tmp_path / "new" / "model")
    assert again.config == model.config
    assert again.features == model.features
    features, levels = invented_rows(50, 4)
    np.testing.assert_array_equal(again.predict_proba(features), model.predict_proba(features))
    np.testing.assert_array_equal(again.importances(), model.importances())
    with pytest.raises(ImportError, match=r"expected the package interpret-core, found none: pip install"):
        again.fit(features, levels)


def test_another_models_folder_is_refused(fitted: tuple[Model, Any], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Model.load(tmp_path)
    fitted[0].save(tmp_path)
    described = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(described | {"model_type": "empathy-mvc"}))
    with pytest.raises(ValueError, match="expected a model of type 'empathy-micromodels', got 'empathy-mvc'"):
        Model.load(tmp_path)


def test_what_is_not_fitted_predicts_and_saves_nothing(tmp_path: Path) -> None:
    features, _ = invented_rows(5, 0)
    model = Model(Config("ip"))
    calls: list[Callable[[], Any]] = [
        lambda: model.predict_proba(features),
        model.importances,
        lambda: model.save(tmp_path),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="expected a fitted model; call fit first, or load one"):
            call()
    assert not list(tmp_path.iterdir())


def test_rows_that_do_not_fit_are_refused(fitted: tuple[Model, Any]) -> None:
    features, levels = invented_rows(30, 0)
    new = Model(Config("er"))
    with pytest.raises(ValueError, match=r"expected one level a row of features, got \(29,\) and \(30, 4\)"):
        new.fit(features, levels[1:])
    with pytest.raises(ValueError, match=r"levels: expected every level from 0 to 2, got \[0, 1\]"):
        new.fit(features, levels.clip(max=1))
    missing = features.assign(weak_sentences=np.nan)
    with pytest.raises(ValueError, match="features: expected finite numbers, got others"):
        new.fit(missing, levels)
    with pytest.raises(ValueError, match="features: expected finite numbers, got others"):
        fitted[0].predict_proba(missing)
    with pytest.raises(ValueError, match="the 4 features that the model was fitted on, got 3, differing: weak_sent"):
        fitted[0].predict_proba(features.drop(columns="weak_sentences"))
    with pytest.raises(ValueError, match="got 4, differing: their order"):
        fitted[0].predict_proba(features[features.columns[::-1]])
