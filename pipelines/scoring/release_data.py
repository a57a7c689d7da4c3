"""What a release is fitted on and what its figures are worked out on, by dialogue."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipelines.data.corpus import Corpus
from pipelines.data.dialogue import SPEAKER
from pipelines.data.epitome import read_epitome
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.human_ratings import read_dialogue_ratings
from pipelines.data.prepare import dialogue_hash, prepare_corpus, trained_dialogues
from pipelines.errors import UserError
from pipelines.probes.configuration import ProbeSettings
from pipelines.probes.material import Material, read_material
from pipelines.scoring.configuration import ReleaseSettings
from pipelines.scoring.reader import Row, pair_row
from pipelines.training.configuration import ExperimentSettings

DOMAIN_PAIRS = 5_000  # training pairs that say where the training data lie


@dataclass(frozen=True)
class RatedRows:
    """Listener turns of rated dialogues. rows: examples; ratings: conv_id -> the mean of its ratings, 1 to 5."""

    rows: list[Row]
    ratings: dict[str, float]


@dataclass(frozen=True)
class ReleaseData:
    """trained: some of the pairs that the network was trained on. calibration: training dialogues that it was not
    trained on. valid: of the validation split. test: all turns of the test split. pairs, pair_rows:
    of EPITOME. material: of the probes.
    """

    trained: list[Row]
    calibration: RatedRows
    valid: RatedRows
    test: list[Row]
    pairs: pd.DataFrame
    pair_rows: list[Row]
    material: Material


def read_release_data(settings: ReleaseSettings, experiment: ExperimentSettings) -> ReleaseData:
    """Read all of it. Raises UserError as the readers do."""
    data = experiment.data
    if data.corpus != "empatheticdialogues" or data.path is None:
        raise UserError(f"data.corpus: expected a run on empatheticdialogues, got {data.corpus}; choose another run")
    corpus = prepare_corpus(replace(data, max_evaluated_dialogues=None))  # the figures are those of whole splits
    seen = trained_dialogues(corpus, [stage.max_dialogues for stage in experiment.stages])
    given: dict[str, list[float]] = {}
    for one in read_dialogue_ratings(Path(settings.human_ratings_path)):
        given.setdefault(one.conv_id, []).append(one.rating)
    ratings = {conv_id: sum(values) / len(values) for conv_id, values in given.items()}
    unseen = _rated(corpus, "train", {conv_id: one for conv_id, one in ratings.items() if conv_id not in seen})
    if not unseen.rows:
        raise UserError(
            f"{settings.human_ratings_path}: expected ratings of training dialogues that the run was not trained on, "
            "which intervals are fitted on, there are none; train on fewer with stages.max_dialogues"
        )
    pairs = read_epitome(settings.epitome_path, read_exclude_ids(data.exclude_ids, "epitome"))
    return ReleaseData(
        trained=_trained(corpus, seen),
        calibration=unseen,
        valid=_rated(corpus, "valid", ratings),
        test=list(corpus.examples["test"]),
        pairs=pairs,
        pair_rows=[
            pair_row([{"role": SPEAKER, "text": seeker}], response)
            for seeker, response in zip(pairs["seeker_post"], pairs["response_post"], strict=True)
        ],
        material=read_material(ProbeSettings(data.path, settings.probe_corpora, exclude_ids=data.exclude_ids)),
    )


def _trained(corpus: Corpus, seen: set[str]) -> list[Row]:
    train = corpus.examples["train"]
    ids = zip(train["example_id"], train["conv_id"], strict=True)
    own = [(dialogue_hash(example_id), place) for place, (example_id, conv_id) in enumerate(ids) if conv_id in seen]
    return list(train.select([place for _, place in sorted(own)[:DOMAIN_PAIRS]]))


def _rated(corpus: Corpus, split: str, ratings: dict[str, float]) -> RatedRows:
    examples = corpus.examples[split]
    kept = [place for place, conv_id in enumerate(examples["conv_id"]) if conv_id in ratings]
    rows: list[dict[str, Any]] = list(examples.select(kept))
    return RatedRows(rows, {row["conv_id"]: ratings[row["conv_id"]] for row in rows})


def dialogue_means(rated: RatedRows, scores: np.ndarray) -> np.ndarray:
    """Mean score of each dialogue, in the order of `rated.ratings`: (dialogues,)."""
    by_dialogue: dict[str, list[float]] = {}
    for row, score in zip(rated.rows, scores, strict=True):
        by_dialogue.setdefault(row["conv_id"], []).append(float(score))
    return np.array([np.mean(by_dialogue[conv_id]) for conv_id in rated.ratings])
