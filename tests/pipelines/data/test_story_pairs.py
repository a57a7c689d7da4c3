"""Rated story pairs: format, scale, errors."""

from pathlib import Path

import pytest

from pipelines.data.story_pairs import read_story_pairs
from pipelines.errors import UserError

HEADER = "story_A,story_B,similarity_empathy_human_AGG"


def write(folder: Path, *rows: str, header: str = HEADER) -> str:
    file = folder / "pairs.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(file)


def test_ratings_of_one_to_three_become_targets_of_zero_to_one(tmp_path: Path) -> None:
    path = write(
        tmp_path, 'Our cat died.,"It rained,  and\n we ran.",1', "I won.,I lost.,3", "I won.,I ran.,2.5", header=HEADER
    )
    assert read_story_pairs(path).to_dict("records") == [
        {"first": "Our cat died.", "second": "It rained, and we ran.", "target": 0.0},
        {"first": "I won.", "second": "I lost.", "target": 1.0},
        {"first": "I won.", "second": "I ran.", "target": 0.75},
    ]


def test_further_columns_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, "9,I won.,2,I lost.", header="id,story_A,similarity_empathy_human_AGG,story_B")
    assert read_story_pairs(path).to_dict("records") == [{"first": "I won.", "second": "I lost.", "target": 0.5}]


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (["a,b,4"], HEADER, r"pairs\.csv:2: expected a rating from 1 to 3, came '4'; ask its authors for the corpus"),
        (["a,b,2", "a,b,0.5"], HEADER, r"pairs\.csv:3: expected a rating from 1 to 3, came '0\.5'"),
        (["a,b,high"], HEADER, r"pairs\.csv:2: expected a rating from 1 to 3, came 'high'"),
        (["a,b,nan"], HEADER, r"pairs\.csv:2: expected a rating from 1 to 3, came 'nan'"),
        (["a,b"], HEADER, r"pairs\.csv:2: expected a rating from 1 to 3, came 'None'"),
        (["a,b,2"], "story_A,story_C,similarity_empathy_human_AGG", r"pairs\.csv:1: expected the columns .* story_B"),
        ([], HEADER, r"pairs\.csv: expected rated pairs, came none"),
    ],
)
def test_a_broken_file_says_where(tmp_path: Path, rows: list[str], header: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_story_pairs(write(tmp_path, *rows, header=header))


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="expected a CSV of story pairs, came No such file or directory; ask its authors"
    ):
        read_story_pairs(str(tmp_path / "none.csv"))
