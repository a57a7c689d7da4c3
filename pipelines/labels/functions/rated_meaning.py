"""Which meanings people rate high: a ridge regression of human ratings on frozen embeddings, cross-fitted."""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from pipelines.labels.configuration import LabelSettings, needed
from pipelines.labels.cross_fitting import cross_fitted
from pipelines.labels.embeddings import turn_embeddings
from pipelines.labels.functions.labelling_function import LabellingFunction
from pipelines.labels.label_model import dialogue_means
from pipelines.labels.rated_dialogues import read_rated_training_dialogues

PENALTY = 10.0
# The products of unit vectors are small; this brings them to the size of the others.
PRODUCT_SCALE = 5.0


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    rated = read_rated_training_dialogues(settings, turns, "rated_meaning")
    contexts, responses = turn_embeddings(turns, settings)
    features = np.hstack([contexts, responses, PRODUCT_SCALE * contexts * responses])

    def values_of(fold: int, used: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
        mine = turns["conv_id"].isin(set(used["conv_id"])).to_numpy()
        # Linear in the features: the mean over a dialogue's turns is the mean of its turns' own values.
        of_dialogues = dialogue_means(turns[mine], features[mine], used["conv_id"].tolist())
        return Ridge(PENALTY).fit(of_dialogues, used["relative_rating"]).predict(features[rows])

    return pd.DataFrame({"relative": cross_fitted(turns, rated, values_of)})


RATED_MEANING = LabellingFunction(
    name="rated_meaning",
    version=1,
    source="ridge regression (scikit-learn) on the encoder's embeddings of context and response and their product",
    values={"relative": "expected rating minus the mean of the rater's sheet, in points, from cross-fitted embeddings"},
    reads=("conv_id", "split", "context", "response"),
    compute=_compute,
    files=lambda settings: [Path(needed(settings.human_ratings_path, "human_ratings_path", "rated_meaning"))],
    uses_encoder=True,
)
