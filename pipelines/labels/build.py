"""`empathy label`: from the raw corpus to scored listener turns, by labelling functions and the label model."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from pipelines.atomic import write_json, write_text, write_with
from pipelines.data.corpus import ReaderReport
from pipelines.data.dialogue import SPLITS
from pipelines.data.exclude import read_exclude_ids
from pipelines.errors import UserError
from pipelines.evaluation.human_agreement import SCORE_RANGE, HumanAgreement
from pipelines.evaluation.prediction_columns import word_counts
from pipelines.labels.card import card_markdown
from pipelines.labels.choice import SCALE, Candidate, cross_validate
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions import FUNCTIONS
from pipelines.labels.label_model import LEVELS, LabelModel, dialogue_means, fit_label_model, interpolated_median
from pipelines.labels.rated_dialogues import read_rated_dialogues
from pipelines.labels.signals import IDS, Signals, compute_signals
from pipelines.labels.turns import read_turns, turn_separator
from pipelines.training.provenance import versions

# Weights that ship with the package: over all signals, and over those that need nothing but the dialogues.
PUBLISHED = ("published_label_model.json", "published_label_model_alone.json")
BINS = 10
FEWEST = 10  # dialogues that an agreement is worth telling of


@dataclass(frozen=True)
class LabelFolder:
    """The files of a labels folder."""

    path: Path

    @property
    def labels(self) -> Path:
        """IDS, empathy (1 to 5), empathy_se, empathy_sd (points), label_source."""
        return self.path / "labels.parquet"

    @property
    def signals(self) -> Path:
        """IDS and one column a signal."""
        return self.path / "signals.parquet"

    @property
    def label_model(self) -> Path:
        return self.path / "label_model.json"

    @property
    def card(self) -> Path:
        return self.path / "card.json"

    @property
    def card_text(self) -> Path:
        return self.path / "card.md"


def build_labels(settings: LabelSettings) -> LabelFolder:
    """Label every listener turn and write the labels folder; what the cache holds is not computed again.

    Raises UserError for what is wrong with the settings or the files that they name.
    """
    separator = turn_separator(settings.encoder) if _uses_encoder(settings) else ""
    turns, report = read_turns(settings.path, separator)
    print("\n".join(report.lines()), flush=True)
    signals = compute_signals(turns, settings)
    folder = LabelFolder(Path(settings.output_dir) / settings.name)
    words = word_counts(turns["response"].tolist())
    rated = None
    if settings.human_ratings_path is not None:
        rated = read_rated_dialogues(settings.human_ratings_path, turns, settings.exclude_ids)
    candidates: list[Candidate] = []
    if settings.label_model == "fitted":
        assert rated is not None
        train = rated[rated["split"] == "train"].reset_index(drop=True)
        candidates = cross_validate(signals, train, _dialogue_words(turns, words, train))
        print(f"label model: {candidates[0].name}, out of {len(candidates)} by cross-validation", flush=True)
        model = fit_label_model(_fitting_turns(signals, settings), train, candidates[0].signals)
    else:
        model = published_label_model(signals)
    scores = model.score(signals.frame)
    labels = signals.frame[IDS].assign(**{str(name): scores[name].astype(np.float32) for name in scores})
    labels["label_source"] = f"hybrid:{settings.label_model}"
    card = _card(settings, turns, words, signals, model, labels, rated, candidates, report)
    write_with(folder.signals, lambda path: signals.frame.to_parquet(path, index=False))
    write_with(folder.labels, lambda path: labels.to_parquet(path, index=False))
    write_json(folder.label_model, _without_nan(model.to_dict()))
    write_json(folder.card, card)
    write_text(folder.card_text, card_markdown(card))
    return folder


def published_label_model(signals: Signals) -> LabelModel:
    """The shipped label model whose signals are all there. Raises UserError where there is none."""
    wanted = []
    for file in PUBLISHED:
        text = files("pipelines.labels").joinpath(file).read_text(encoding="utf-8")
        model = LabelModel.from_dict(json.loads(text))
        if set(model.signals) <= set(signals.names):
            return model
        wanted.append(f"[{', '.join(dict.fromkeys(name.split('.')[0] for name in model.signals))}]")
    raise UserError(
        f"functions: expected {' or '.join(wanted)} for label_model fixed, whose weights ship with the package, got "
        f"[{', '.join(dict.fromkeys(name.split('.')[0] for name in signals.names))}]; name those, or fit it"
    )


def _uses_encoder(settings: LabelSettings) -> bool:
    return any(name in FUNCTIONS and FUNCTIONS[name].uses_encoder for name in settings.functions)


def _fitting_turns(signals: Signals, settings: LabelSettings) -> pd.DataFrame:
    """Training turns that are not kept out: they alone say what a signal's mean and scale are."""
    exclude = read_exclude_ids(settings.exclude_ids, "empatheticdialogues")
    frame = signals.frame
    return frame[(frame["split"] == "train") & ~frame["conv_id"].isin(exclude)].reset_index(drop=True)


def _dialogue_words(turns: pd.DataFrame, words: np.ndarray, rated: pd.DataFrame) -> np.ndarray:
    return pd.Series(words, index=turns["conv_id"]).groupby(level=0).sum().loc[rated["conv_id"]].to_numpy()


def _card(
    settings: LabelSettings,
    turns: pd.DataFrame,
    words: np.ndarray,
    signals: Signals,
    model: LabelModel,
    labels: pd.DataFrame,
    rated: pd.DataFrame | None,
    candidates: list[Candidate],
    report: ReaderReport,
) -> dict[str, Any]:
    weights = dict(zip(model.signals, zip(model.weights, model.standard_errors, strict=True), strict=True))
    rated_valid = rated[rated["split"] == "valid"] if rated is not None else pd.DataFrame()
    agreements: dict[str, dict[str, Any]] = {}
    if len(rated_valid) > 1:
        values = np.column_stack([signals.frame[signals.names].to_numpy(dtype=float), labels["empathy"].to_numpy()])
        aggregated = dialogue_means(turns, values, rated_valid["conv_id"].tolist())
        agreements = _agreements(
            pd.DataFrame(aggregated, columns=[*signals.names, "empathy"]),
            rated_valid,
            _dialogue_words(turns, words, rated_valid),
        )
    described = []
    for name in signals.names:
        function = FUNCTIONS[name.split(".")[0]]
        weight, error = weights.get(name, (None, None))
        described.append(
            {
                "signal": name,
                "version": function.version,
                "says": function.values[name.split(".", 1)[1]],
                "source": function.source,
                "coverage": float(signals.frame[name].notna().mean()),
                "weight": None if weight is None else float(weight),
                "standard_error": None if error is None or not np.isfinite(error) else float(error),
                "agreement": {"valid": agreements.get(name)},
            }
        )
    card: dict[str, Any] = {
        "schema_version": 1,
        "name": settings.name,
        "settings": asdict(settings),
        "versions": versions(),
        "cache_keys": signals.keys,
        "reader": report.to_dict(),
        "label_model": {
            "kind": settings.label_model,
            "chosen": candidates[0].name if candidates else "published",
            "thresholds": model.thresholds.tolist(),
            "sheet_effects": model.sheet_effects.tolist(),
        },
        "signals": described,
        "cross_validation": [
            {"candidate": one.name, "signals": len(one.signals), "agreement": one.agreement.to_dict()}
            for one in candidates
        ],
        "counts": {split: _distribution(labels[labels["split"] == split]["empathy"]) for split in SPLITS},
        "words_and_score": float(spearmanr(words, labels["empathy"]).statistic),
        "agreement": {"valid": agreements.get("empathy")},
        "rated_dialogues": {
            split: 0 if rated is None else int((rated["split"] == split).sum()) for split in ("train", "valid")
        },
        "calibration": [],
    }
    if candidates and rated is not None:
        ratings = rated[rated["split"] == "train"]["rating"].to_numpy()
        card["calibration"] = _calibration(candidates[0].held_out, ratings)
    return card


def _agreements(means: pd.DataFrame, rated: pd.DataFrame, words: np.ndarray) -> dict[str, dict[str, Any]]:
    """Agreement with people of each column of `means` (dialogues, columns), over the dialogues where it has a value."""
    known: dict[bytes, HumanAgreement] = {}
    found = {}
    for name in means:
        values = means[name].to_numpy()
        there = np.isfinite(values)
        if there.sum() < FEWEST:
            continue
        if there.tobytes() not in known:
            chosen = rated[there]
            known[there.tobytes()] = HumanAgreement(
                chosen["rating"].to_numpy(), chosen["sheet"].to_numpy(), words[there], SCALE
            )
        score_range = SCORE_RANGE if name == "empathy" else None
        found[str(name)] = known[there.tobytes()].of(values[there], score_range).to_dict()
    return found


def _distribution(scores: pd.Series) -> dict[str, float]:
    quantiles = {f"q{percent}": float(scores.quantile(percent / 100)) for percent in (5, 25, 50, 75, 95)}
    return {
        "turns": len(scores),
        "mean": float(scores.mean()),
        "sd": float(scores.std()),
        **quantiles,
    }


def _calibration(scores: np.ndarray, ratings: np.ndarray) -> list[dict[str, float]]:
    """Held-out dialogues in BINS groups of equal size, by score: mean score, interpolated median and mean rating."""
    groups = [rows for rows in np.array_split(np.argsort(scores, kind="stable"), BINS) if len(rows)]
    shares = np.array([[(ratings[rows] == level).mean() for level in LEVELS] for rows in groups])
    return [
        {"n": len(rows), "score": float(scores[rows].mean()), "median": float(median), "mean": float(mean)}
        for rows, median, mean in zip(groups, interpolated_median(shares), shares @ LEVELS, strict=True)
    ]


def _without_nan(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: the standard errors of published weights, of which there are none, are left as they stand."""
    return {
        name: [None if isinstance(one, float) and not np.isfinite(one) else one for one in value]
        if isinstance(value, list)
        else value
        for name, value in values.items()
    }
