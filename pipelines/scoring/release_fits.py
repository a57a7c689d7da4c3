"""What is fitted on a frozen network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pipelines.scoring.calibration import COVERAGE, Calibration, fit_interval, fit_temperature
from pipelines.scoring.domain import Domain, fit_domain
from pipelines.scoring.mechanism_heads import MechanismHeads, fit_mechanism_heads
from pipelines.scoring.reader import PairReader, collect, domain_features, mechanism_features
from pipelines.scoring.release_data import ReleaseData, dialogue_means
from pipelines.training.configuration import ExperimentSettings


@dataclass(frozen=True)
class Fitted:
    """heads: of the mechanisms. counts: what each part was fitted on."""

    heads: MechanismHeads
    domain: Domain
    calibration: Calibration
    counts: Mapping[str, int]


def fit_all(reader: PairReader, data: ReleaseData, experiment: ExperimentSettings) -> Fitted:
    """Mechanisms on EPITOME, the domain on training pairs, intervals and temperature on dialogues not trained on."""
    heads = fit_mechanism_heads(collect(reader, data.pair_rows, mechanism_features), data.pairs, experiment.seeds[0])
    domain = fit_domain(collect(reader, data.trained, domain_features))
    rows, ratings = data.calibration.rows, data.calibration.ratings
    judged = collect(reader, rows, lambda vectors: _scores_and_logits(reader, vectors))
    scores = dialogue_means(data.calibration, judged[:, 0])
    edges, below, above = fit_interval(scores, np.array(list(ratings.values())))
    temperature = fit_temperature(judged[:, 1:], [row["emotion"] for row in rows])
    return Fitted(
        heads=heads,
        domain=domain,
        calibration=Calibration(edges, below, above, COVERAGE, temperature),
        counts={
            "epitome_pairs": len(data.pairs),
            "training_pairs": len(data.trained),
            "unseen_rated_dialogues": len(ratings),
        },
    )


def _scores_and_logits(reader: PairReader, vectors: Any) -> torch.Tensor:
    output = reader.network.judge(vectors)
    return torch.cat([output.empathy[:, None], output.emotion_logits], dim=1)
