"""Human ratings of whole dialogues, each relative to its rater's sheet."""

from pathlib import Path

import pandas as pd

from pipelines.data.exclude import read_exclude_ids
from pipelines.data.human_ratings import read_dialogue_ratings
from pipelines.errors import UserError


def read_rated_dialogues(path: str, turns: pd.DataFrame, exclude_ids: str | None) -> pd.DataFrame:
    """The rated dialogues that `turns` hold and that may be fitted on: conv_id, rating, sheet, split, relative_rating.

    relative_rating is the rating minus the mean of its sheet over training dialogues, in points: sheets differ in level
    by far more than their dialogues do, and no other split takes part in that mean.

    Raises UserError where the file is broken, a rating's split is not that of the turns, or none is of the training
    split.
    """
    rows = pd.DataFrame(read_dialogue_ratings(Path(path))).rename(columns={"batch": "sheet"})
    split_of = turns.drop_duplicates("conv_id").set_index("conv_id")["split"]
    exclude = read_exclude_ids(exclude_ids, "empatheticdialogues")
    rows = rows[rows["conv_id"].isin(split_of.index) & ~rows["conv_id"].isin(exclude)]
    own = rows["conv_id"].map(split_of)
    if (wrong := rows[own != rows["split"]]).size:
        first = wrong.iloc[0]
        raise UserError(
            f"{path}:{first['line']}: expected the split of the corpus for {first['conv_id']}, "
            f"{split_of[first['conv_id']]}, came {first['split']}; use ratings and a corpus of the same split"
        )
    train = rows[rows["split"] == "train"]
    if not len(train):
        raise UserError(f"{path}: expected ratings of training dialogues, came none; give ratings of this corpus")
    means = train.groupby("sheet")["rating"].mean()
    level = rows["sheet"].map(means).fillna(train["rating"].mean())
    return rows.assign(relative_rating=rows["rating"] - level).drop(columns="line").reset_index(drop=True)
