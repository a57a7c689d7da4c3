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
from pipelines.atomic import write_with
from pipelines.data.prepare import dialogue_hash
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.labelling_function import LabellingFunction, needed
from pipelines.labels.rated_dialogues import read_rated_dialogues
from pipelines.labels.text_rater import RaterRecipe, load_or_train, rate, tokenize

FOLDS = 3
RECIPE = RaterRecipe(outputs=1, epochs=2, batch_size=16)


def fold_of(conv_id: str) -> int:
    """The fold that a dialogue is left out of, by a hash of its id."""
    return dialogue_hash("ratings fold " + conv_id) % FOLDS


def rating_loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean squared error, in squared points. outputs: (dialogues, 1); targets: (dialogues,)."""
    return functional.mse_loss(outputs.squeeze(1), targets)


def _training_data(
    turns: pd.DataFrame, ids: list[list[int]], rated: pd.DataFrame, fold: int
) -> tuple[list[list[list[int]]], np.ndarray]:
    used = rated[[fold_of(conv_id) != fold for conv_id in rated["conv_id"]]]
    rows = {conv_id: group.to_numpy() for conv_id, group in pd.Series(range(len(turns))).groupby(turns["conv_id"])}
    items = [[ids[row] for row in rows[conv_id]] for conv_id in used["conv_id"]]
    return items, used["relative_rating"].to_numpy(dtype=np.float32)


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    path = needed(settings.human_ratings_path, "human_ratings_path", "ratings")
    rated = read_rated_dialogues(path, turns, settings.exclude_ids)
    rated = rated[rated["split"] == "train"].reset_index(drop=True)
    tokenizer = load_tokenizer(settings.encoder)
    ids = tokenize(tokenizer, turns["context"].tolist(), turns["response"].tolist(), RECIPE.length)
    own_fold = np.array([fold_of(conv_id) for conv_id in turns["conv_id"]])
    is_rated = turns["conv_id"].isin(set(rated["conv_id"])).to_numpy()
    total, count = np.zeros(len(turns)), np.zeros(len(turns))
    for fold in range(FOLDS):
        values = folder / f"fold{fold}.npy"
        # Those of other folds have taught this rater; a dialogue without a rating is scored by all.
        rows = np.flatnonzero(~is_rated | (own_fold == fold))
        if not values.is_file():
            rater = load_or_train(
                folder / f"fold{fold}",
                settings.encoder,
                RECIPE,
                partial(_training_data, turns, ids, rated, fold),
                rating_loss,
                settings.seed,
                f"rating rater {fold + 1} of {FOLDS}",
            )
            given = rate(rater, [ids[row] for row in rows], tokenizer.pad_token_id)[:, 0]
            write_with(values, partial(_save, given))
        total[rows] += np.load(values, allow_pickle=False)
        count[rows] += 1
    return pd.DataFrame({"relative": total / count})


def _save(values: np.ndarray, path: Path) -> None:
    with path.open("wb") as handle:
        np.save(handle, values)


RATINGS = LabellingFunction(
    name="ratings",
    version=1,
    source="human 1-5 ratings of whole dialogues (EmpatheticExchanges), training split, relative to the rater's sheet",
    values={"relative": "expected rating minus the mean of the rater's sheet, in points, from a cross-fitted rater"},
    compute=_compute,
    files=lambda settings: [Path(needed(settings.human_ratings_path, "human_ratings_path", "ratings"))],
    uses_encoder=True,
)
