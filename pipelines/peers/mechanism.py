"""One mechanism of EPITOME: its annotated pairs, and the figures of a system that finds their level and rationale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score

from pipelines.data.exclude import read_exclude_ids
from pipelines.data.rationales import read_rationales
from pipelines.evaluation.rationale_metrics import OVER, rationale_metrics
from pipelines.peers.configuration import SplitDataSettings

EMPATHIC_FROM = 0.5  # an expected level that is nearer to 1, weak, than to 0, none
RATIONALE_METRICS = ("token_f1", "iou_f1")
DIRECTIONS = dict.fromkeys(
    ["accuracy", "macro_f1", *(f"{metric}_{over}" for over in OVER for metric in RATIONALE_METRICS)], "max"
)


@dataclass
class MechanismData(SplitDataSettings):
    """EPITOME's pairs.

    Args:
        mechanism: er emotional reactions, ip interpretations, ex explorations.
    """

    mechanism: Literal["er", "ip", "ex"] = "er"


def read_mechanism(data: MechanismData) -> pd.DataFrame:
    """The pairs: id, group, sp_id, rp_id, seeker_post, response_post, level (0 to 2), rationales (list of texts).

    Raises UserError as `read_rationales` does.
    """
    pairs = read_rationales(data.path, data.mechanism, read_exclude_ids(data.exclude_ids, "epitome"))
    return pairs.assign(id=pairs["sp_id"] + "_" + pairs["rp_id"], group=pairs["sp_id"])


def mechanism_figures(
    predicted: np.ndarray, level: np.ndarray, masks: Sequence[tuple[list[int], list[int]]]
) -> dict[str, float | None]:
    """Of the level accuracy and macro-F1; of the rationale T-F1 and IOU-F1, over all pairs and over those with one.

    predicted, level: (pairs,), 0 to 2. masks: for each pair, its response's own tokens: 1 in the rationale, predicted
    and annotated.
    """
    scores: dict[str, float | None] = {
        "accuracy": float(accuracy_score(level, predicted)),
        "macro_f1": float(f1_score(level, predicted, average="macro", zero_division=0.0)),
    }
    for over in OVER:
        measured = rationale_metrics([mask for mask, _ in masks], [gold for _, gold in masks], over)
        scores |= {f"{metric}_{over}": measured[metric] for metric in RATIONALE_METRICS}
    return scores
