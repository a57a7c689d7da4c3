"""The crowd's own ratings, where the official files carry them: empathy|relevance|fluency, by both sides, 1 to 5."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.labelling_function import LabellingFunction

SIDES = 2
PARTS = ("empathy", "relevance", "fluency")


def parse_selfeval(text: str) -> list[float]:
    """Mean empathy, relevance and fluency over the raters of `5|5|5_2|2|5`; NaNs for a text of another form."""
    try:
        raters = [[float(value) for value in side.split("|")] for side in text.split("_")]
    except ValueError:
        return [np.nan] * len(PARTS)
    complete = [side for side in raters if len(side) == len(PARTS) and all(1 <= value <= 5 for value in side)]
    if len(complete) != len(raters) or not 1 <= len(raters) <= SIDES:
        return [np.nan] * len(PARTS)
    return np.mean(complete, axis=0).tolist()


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    return pd.DataFrame([parse_selfeval(text) for text in turns["selfeval"]], columns=list(PARTS))


SELFEVAL = LabellingFunction(
    name="selfeval",
    version=1,
    source="Rashkin et al. 2019, arXiv:1811.00207: each side rates the other over the whole dialogue",
    values={part: f"mean {part} rating of the dialogue, 1 to 5; abstains where the file has none" for part in PARTS},
    reads=("selfeval",),
    compute=_compute,
)
