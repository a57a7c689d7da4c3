"""How long the response is: always a signal of its own, so that no other has to stand in for it."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.labelling_function import LabellingFunction


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    words = [len(response.split()) for response in turns["response"]]
    return pd.DataFrame({"words": np.log1p(words)})


LENGTH = LabellingFunction(
    name="length",
    version=1,
    source="words between white space; length explains part of every empathy rating",
    values={"words": "log(1 + words of the response)"},
    compute=_compute,
)
