"""Which words people rate high: a ridge regression of human dialogue ratings on the listener's words, cross-fitted."""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from pipelines.labels.configuration import LabelSettings, needed
from pipelines.labels.cross_fitting import cross_fitted
from pipelines.labels.functions.labelling_function import LabellingFunction
from pipelines.labels.rated_dialogues import read_rated_training_dialogues

PENALTY = 3.0
MIN_DOCUMENTS = 3


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    rated = read_rated_training_dialogues(settings, turns, "rated_words")
    said = turns.groupby("conv_id", sort=False)["response"].agg("\n".join)

    def values_of(fold: int, used: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
        # Punctuation counts: people rate an exclamation higher.
        words = TfidfVectorizer(
            ngram_range=(1, 2), min_df=MIN_DOCUMENTS, sublinear_tf=True, token_pattern=r"\b\w+\b|[!?.]+"
        )
        model = make_pipeline(words, Ridge(PENALTY)).fit(said.loc[used["conv_id"]], used["relative_rating"])
        return model.predict(turns["response"].iloc[rows])

    return pd.DataFrame({"relative": cross_fitted(turns, rated, values_of)})


RATED_WORDS = LabellingFunction(
    name="rated_words",
    version=1,
    source="TF-IDF and ridge regression (scikit-learn) on human ratings of whole dialogues, training split",
    values={"relative": "expected rating minus the mean of the rater's sheet, in points, from cross-fitted words"},
    reads=("conv_id", "split", "response"),
    compute=_compute,
    files=lambda settings: [Path(needed(settings.human_ratings_path, "human_ratings_path", "rated_words"))],
)
