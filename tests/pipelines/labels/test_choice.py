"""Cross-validation of the sets of signals."""

import numpy as np
import pandas as pd
import pytest

from pipelines.evaluation.human_agreement import HumanAgreement
from pipelines.labels import choice
from pipelines.labels.choice import RESAMPLES, SCALE, candidate_signals, cross_validate
from pipelines.labels.label_model import LabelModel, dialogue_means, fit_label_model
from pipelines.labels.signals import Signals


def rated_signals(dialogues: int = 240) -> tuple[Signals, pd.DataFrame]:
    """Signals of two turns each; `cues.apology` decides the ratings, `length.words` says nothing."""
    rng = np.random.default_rng(0)
    names = np.array([f"d{number}" for number in range(dialogues)])
    frame = pd.DataFrame(
        {
            "example_id": [f"{name}/{turn}" for name in names for turn in (2, 4)],
            "conv_id": np.repeat(names, 2),
            "turn": [2, 4] * dialogues,
            "split": "train",
            "length.words": rng.normal(size=2 * dialogues),
            "cues.apology": rng.integers(0, 2, 2 * dialogues).astype(float),
            "ratings.relative": rng.normal(size=2 * dialogues),
        }
    )
    latent = frame.groupby("conv_id")["cues.apology"].mean().loc[names].to_numpy() * 4
    rating = 1 + np.searchsorted([0.5, 1.5, 2.5, 3.5], latent + rng.logistic(scale=0.5, size=dialogues))
    rated = pd.DataFrame({"conv_id": names, "rating": rating, "sheet": np.where(np.arange(dialogues) % 2, "x", "y")})
    return Signals(frame, {}), rated


def test_candidates_out_of_the_signals_at_hand() -> None:
    found = candidate_signals(["length.words", "cues.apology", "epitome.er", "ratings.relative"])
    assert found["all"] == ["length.words", "cues.apology", "epitome.er", "ratings.relative"]
    assert found["without ratings"] == ["length.words", "cues.apology", "epitome.er"]
    assert found["without length"] == ["cues.apology", "epitome.er", "ratings.relative"]
    assert found["surface"] == ["length.words", "cues.apology"]
    assert (found["length"], found["ratings"]) == (["length.words"], ["ratings.relative"])
    # sets that come out alike are compared once, empty ones never
    assert candidate_signals(["length.words"]) == {"all": ["length.words"]}


def test_the_signals_that_decide_are_in_the_best_set() -> None:
    signals, rated = rated_signals()
    candidates = cross_validate(signals, rated, np.full(len(rated), 10))
    merits = [candidate.merit for candidate in candidates]
    assert merits == sorted(merits, reverse=True)
    assert "cues.apology" in candidates[0].signals
    assert candidates[0].merit > 0.6
    assert next(one for one in candidates if one.name == "length").merit < 0.3
    expected = HumanAgreement(
        rated["rating"].to_numpy(), rated["sheet"].to_numpy(), np.full(len(rated), 10), SCALE, RESAMPLES
    ).of(candidates[0].held_out)
    assert candidates[0].agreement == expected


def test_no_score_comes_from_a_model_that_saw_the_rating(monkeypatch: pytest.MonkeyPatch) -> None:
    signals, rated = rated_signals(100)
    fitted: list[set[str]] = []
    scored: list[set[str]] = []

    def fit(turns: pd.DataFrame, some: pd.DataFrame, names: list[str]) -> LabelModel:
        fitted.append(set(some["conv_id"]))
        return fit_label_model(turns, some, names)

    def means(turns: pd.DataFrame, values: np.ndarray, conv_ids: list[str]) -> np.ndarray:
        scored.append(set(conv_ids))
        return dialogue_means(turns, values, conv_ids)

    monkeypatch.setattr(choice, "fit_label_model", fit)
    monkeypatch.setattr(choice, "dialogue_means", means)
    candidates = cross_validate(signals, rated, np.full(len(rated), 10))
    assert len(fitted) == len(scored) == choice.FOLDS * len(candidates)
    for seen, out in zip(fitted, scored, strict=True):
        assert not seen & out
        assert seen | out == set(rated["conv_id"])
    assert set.union(*scored[: choice.FOLDS]) == set(rated["conv_id"])


def test_the_held_out_score_of_a_dialogue_does_not_depend_on_its_rating() -> None:
    signals, rated = rated_signals(100)
    words = np.full(len(rated), 10)
    one = {candidate.name: candidate.held_out for candidate in cross_validate(signals, rated, words)}
    changed = rated.copy()
    changed.loc[7, "rating"] = 1 if rated["rating"][7] > 1 else 5
    other = {candidate.name: candidate.held_out for candidate in cross_validate(signals, changed, words)}
    for name in one:
        assert one[name][7] == other[name][7]
        assert not (one[name] == other[name]).all()
