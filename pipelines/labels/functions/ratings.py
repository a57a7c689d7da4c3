"""What people would rate: a rater trained here on human ratings of whole training dialogues.

A dialogue's rating is seen as the mean of its listener turns' outputs, so the rater gives every turn a value of its
own. Ratings are taken relative to their rater's sheet, since raters differ in level. The raters are cross-fitted: no
turn's value comes from a rater that saw the rating of its dialogue.
"""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from modeling.encoder import load_tokenizer
from pipelines.atomic import write_array
from pipelines.labels.configuration import LabelSettings, needed
from pipelines.labels.cross_fitting import FOLDS, cross_fitted
from pipelines.labels.functions.labelling_function import LabellingFunction
from pipelines.labels.rated_dialogues import read_rated_training_dialogues
from pipelines.labels.text_rater import RaterRecipe, load_or_train, rate, tokenize

RECIPE = RaterRecipe(outputs=1, epochs=2, batch_size=16)


def rating_loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean squared error, in squared points. outputs: (dialogues, 1); targets: (dialogues,)."""
    return functional.mse_loss(outputs.squeeze(1), targets)


def _training_data(
    turns: pd.DataFrame, ids: list[list[int]], used: pd.DataFrame
) -> tuple[list[list[list[int]]], np.ndarray]:
    rows = {conv_id: group.to_numpy() for conv_id, group in pd.Series(range(len(turns))).groupby(turns["conv_id"])}
    items = [[ids[row] for row in rows[conv_id]] for conv_id in used["conv_id"]]
    return items, used["relative_rating"].to_numpy(dtype=np.float32)


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    rated = read_rated_training_dialogues(settings, turns, "ratings")
    tokenizer = load_tokenizer(settings.encoder)
    ids = tokenize(tokenizer, turns["context"].tolist(), turns["response"].tolist(), RECIPE.length)

    def values_of(fold: int, used: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
        file = folder / f"fold{fold}.npy"
        if not file.is_file():
            rater = load_or_train(
                folder / f"fold{fold}",
                settings.encoder,
                RECIPE,
                partial(_training_data, turns, ids, used),
                rating_loss,
                settings.seed,
                f"rating rater {fold + 1} of {FOLDS}",
            )
            given = rate(rater, [ids[row] for row in rows], tokenizer.pad_token_id)[:, 0]
            write_array(file, given)
        return np.load(file, allow_pickle=False)

    return pd.DataFrame({"relative": cross_fitted(turns, rated, values_of)})


RATINGS = LabellingFunction(
    name="ratings",
    version=1,
    source="human 1-5 ratings of whole dialogues (EmpatheticExchanges), training split, relative to the rater's sheet",
    values={"relative": "expected rating minus the mean of the rater's sheet, in points, from a cross-fitted rater"},
    reads=("conv_id", "split", "context", "response"),
    compute=_compute,
    files=lambda settings: [Path(needed(settings.human_ratings_path, "human_ratings_path", "ratings"))],
    uses_encoder=True,
)
