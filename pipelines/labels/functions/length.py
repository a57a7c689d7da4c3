"""How long the response is: always a signal of its own, so that no other has to stand in for it."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.evaluation.prediction_columns import word_counts
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.labelling_function import LabellingFunction


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    words = pd.Series(word_counts(turns["response"].tolist()))
    of_dialogue = words.groupby(turns["conv_id"].to_numpy()).transform("sum")
    return pd.DataFrame({"words": np.log1p(words), "dialogue_words": np.log1p(of_dialogue)})


LENGTH = LabellingFunction(
    name="length",
    version=2,
    source="words between white space; length explains part of every empathy rating",
    values={
        "words": "log(1 + words of the response)",
        "dialogue_words": "log(1 + words of all the listener's turns in the dialogue)",
    },
    reads=("conv_id", "response"),
    compute=_compute,
)
