"""Human ratings of dialogues relative to their sheets."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.errors import UserError
from pipelines.labels.rated_dialogues import read_rated_dialogues

TURNS = pd.DataFrame(
    {
        "conv_id": ["a", "a", "b", "c", "d", "e"],
        "split": ["train", "train", "train", "train", "valid", "test"],
    }
)


def write(folder: Path, *lines: str) -> str:
    (folder / "r.csv").write_text("\n".join(["conv_id,rating,batch,split", *lines]) + "\n", encoding="utf-8")
    return str(folder / "r.csv")


def test_ratings_are_relative_to_the_mean_of_their_sheet_over_training_dialogues(tmp_path: Path) -> None:
    path = write(
        tmp_path, "a,5,s1,train", "b,2,s1,train", "c,1,s2,train", "d,4,s1,valid", "e,4,s3,test", "gone,1,s1,train"
    )
    rated = read_rated_dialogues(path, TURNS, None)
    assert rated.to_dict("list") == {
        "conv_id": ["a", "b", "c", "d", "e"],
        "rating": [5, 2, 1, 4, 4],
        "sheet": ["s1", "s1", "s2", "s1", "s3"],
        "split": ["train", "train", "train", "valid", "test"],
        # a sheet without training dialogues has the level of all of them, 8/3
        "relative_rating": pytest.approx([1.5, -1.5, 0.0, 0.5, 4 - 8 / 3]),
    }


def test_excluded_dialogues_take_part_in_nothing(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("b\n")
    path = write(tmp_path, "a,5,s1,train", "b,2,s1,train", "c,4,s1,train")
    rated = read_rated_dialogues(path, TURNS, str(tmp_path / "out.txt"))
    assert rated["conv_id"].tolist() == ["a", "c"]
    assert rated["relative_rating"].tolist() == [0.5, -0.5]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["a,5,s1,train", "b,2,s1,valid"],
            r"r\.csv:3: expected the split of the corpus for b, train, came 'valid'",
        ),
        (["a,5,s1,train", "b,2.5,s1,train"], r"r\.csv:3: expected a whole rating from 1 to 5, came 2\.5; the label"),
        (["a,5,s1,train", "b,7,s1,train"], r"r\.csv:3: expected a rating from 1 to 5, came '7'"),
        (["d,5,s1,valid"], r"r\.csv: expected ratings of training dialogues, came none; give ratings of this corpus"),
        (["gone,5,s1,train"], r"r\.csv: expected ratings of training dialogues, came none"),
        ([], r"r\.csv: expected ratings of training dialogues, came none"),
    ],
)
def test_ratings_that_do_not_fit(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_rated_dialogues(write(tmp_path, *lines), TURNS, None)
