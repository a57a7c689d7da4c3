"""Human ratings of whole dialogues, each relative to its rater's sheet."""

from pathlib import Path

import pandas as pd

from pipelines.data.exclude import read_exclude_ids
from pipelines.data.human_ratings import DialogueRating, check_split, read_dialogue_ratings
from pipelines.errors import UserError
from pipelines.labels.configuration import LabelSettings, needed


def read_rated_dialogues(path: str, turns: pd.DataFrame, exclude_ids: str | None) -> pd.DataFrame:
    """The rated dialogues that `turns` hold and that may be fitted on: conv_id, rating, sheet, split, relative_rating.

    relative_rating is the rating minus the mean of its sheet over training dialogues, in points: sheets differ in level
    by far more than their dialogues do, and no other split takes part in that mean.

    Raises UserError where the file is broken, a rating is not whole, a rating's split is not that of the turns, or none
    is of the training split.
    """
    rows = pd.DataFrame(read_dialogue_ratings(Path(path)), columns=DialogueRating._fields)
    rows = rows.rename(columns={"batch": "sheet"})
    split_of = turns.drop_duplicates("conv_id").set_index("conv_id")["split"]
    exclude = read_exclude_ids(exclude_ids, "empatheticdialogues")
    rows = rows[rows["conv_id"].isin(split_of.index) & ~rows["conv_id"].isin(exclude)]
    for line, conv_id, split in zip(rows["line"], rows["conv_id"], rows["split"], strict=True):
        check_split(Path(path), line, conv_id, split, split_of[conv_id])
    if len(broken := rows[rows["rating"] % 1 != 0]):
        first = broken.iloc[0]
        raise UserError(
            f"{path}:{first['line']}: expected a whole rating from 1 to 5, came {first['rating']:g}; the label model "
            "is ordinal: give each rater's own rating in a row of its own, not their mean"
        )
    train = rows[rows["split"] == "train"]
    if not len(train):
        raise UserError(f"{path}: expected ratings of training dialogues, came none; give ratings of this corpus")
    means = train.groupby("sheet")["rating"].mean()
    level = rows["sheet"].map(means).fillna(train["rating"].mean())
    return rows.assign(relative_rating=rows["rating"] - level).drop(columns="line").reset_index(drop=True)


def read_rated_training_dialogues(settings: LabelSettings, turns: pd.DataFrame, function: str) -> pd.DataFrame:
    """The rated dialogues of the training split, which `function` learns from. Raises UserError as above."""
    path = needed(settings.human_ratings_path, "human_ratings_path", function)
    rated = read_rated_dialogues(path, turns, settings.exclude_ids)
    return rated[rated["split"] == "train"].reset_index(drop=True)
