"""Reader of IEMPATHIZE."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.data.iempathize import FILE, binary, read_iempathize
from pipelines.errors import UserError

REAL = Path(__file__).parents[3] / "data" / "iempathize"
ROWS = ["I wait for news,0", '"Hug, from me",2', "Who can tell me\x85,1"]


def write(folder: Path, *rows: str, header: str = "text,label") -> str:
    (folder / FILE).write_text("\r\n".join([header, *rows]) + "\r\n", encoding="latin-1", newline="")
    return str(folder)


def test_texts_and_labels_in_cp1252(tmp_path: Path) -> None:
    frame = read_iempathize(write(tmp_path, *ROWS))
    assert frame.to_dict("records") == [
        {"text": "I wait for news", "label": 0},
        {"text": "Hug, from me", "label": 2},
        {"text": "Who can tell me…", "label": 1},
    ]
    assert frame["label"].dtype == int
    assert frame.attrs["dropped"] == {"rows_repeated": 0, "rows_contradictory": 0}


def test_repeated_and_contradictory_texts(tmp_path: Path) -> None:
    again = ["I  wait for\xa0news ,0", '"Hug, from me",1', '"Hug, from me",2', "I wait for news,0", "Last,2"]
    frame = read_iempathize(write(tmp_path, *ROWS, *again))
    assert frame["text"].tolist() == ["I wait for news", "Who can tell me…", "Last"]
    assert frame["label"].tolist() == [0, 1, 2]
    assert frame.index.tolist() == [0, 1, 2]
    assert frame.attrs["dropped"] == {"rows_repeated": 2, "rows_contradictory": 3}


@pytest.mark.parametrize(("direction", "labels"), [("seek", [0, 0, 1]), ("provide", [0, 1, 0])])
def test_one_direction_against_the_rest(tmp_path: Path, direction: str, labels: list[int]) -> None:
    frame = read_iempathize(write(tmp_path, *ROWS))
    found = binary(frame, direction)
    assert found["label"].tolist() == labels
    assert found["text"].tolist() == frame["text"].tolist()
    assert frame["label"].tolist() == [0, 2, 1]  # left as it was


def test_no_other_direction() -> None:
    with pytest.raises(ValueError, match="direction: expected seek or provide, got 'none'"):
        binary(pd.DataFrame({"text": ["a"], "label": [0]}), "none")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["Hello,3"],
            r"dataset\.csv:2: expected a label of 0, 1 or 2, came '3'; fetch it with",
        ),
        (["Hello,0", "Hello"], r"dataset\.csv:3: expected a label of 0, 1 or 2, came 'None'"),
        ([" ,1"], r"dataset\.csv:2: expected a sentence, came an empty text"),
        (["\x81,1"], r"dataset\.csv:2: expected CP1252 text, came the byte 0x81"),
        ([], r"dataset\.csv: expected labelled sentences, came none"),
    ],
)
def test_broken_files(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_iempathize(write(tmp_path, *rows))


def test_missing_file_or_column(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected the CSV of IEMPATHIZE, came No such file.*fetch it with"):
        read_iempathize(str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"dataset\.csv:1: expected the columns text, label, missing label"):
        read_iempathize(write(tmp_path, "a,1", header="text,direction"))


@pytest.mark.skipif(not REAL.is_dir(), reason="data/iempathize is not here")
def test_real_file() -> None:
    frame = read_iempathize(str(REAL))
    assert frame["label"].value_counts().to_dict() == {0: 2995, 1: 1046, 2: 966}
    assert frame["text"].is_unique
    assert frame.attrs["dropped"] == {"rows_repeated": 0, "rows_contradictory": 0}
    assert binary(frame, "seek")["label"].sum() == 1046
    assert binary(frame, "provide")["label"].sum() == 966
