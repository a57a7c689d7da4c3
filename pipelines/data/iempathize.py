"""IEMPATHIZE (Hosseini & Caragea 2021, AAAI; no licence stated): direction of empathy in a cancer survivors' forum.

One CSV in cp1252 holds sentences, each labelled by what it does with empathy: none, seeking or providing.
"""

import csv
from pathlib import Path

import pandas as pd

from pipelines.data.dialogue import clean_text, is_missing
from pipelines.data.text_files import read_text_lines, shorten
from pipelines.errors import UserError

SOURCE = "https://github.com/Mahhos/Empathy"
FILE = "dataset.csv"
COLUMNS = ("text", "label")
DIRECTIONS = ("none", "seek", "provide")  # in the order of the labels, from 0
FIX = f"fetch it with: empathy data iempathize (or give the folder of {FILE} of {SOURCE})"


def read_iempathize(path: str) -> pd.DataFrame:
    """Read the sentences: text, and label, a place in DIRECTIONS. The file has no ids.

    A text that is there more than once is kept once where its labels agree, and dropped where they do not; texts that
    differ in white space are the same. `attrs["dropped"]` of the frame counts both: {"rows_repeated": n,
    "rows_contradictory": n}.

    Args:
        path: folder of `dataset.csv`.

    Raises:
        UserError: the file is missing, empty, not in cp1252, lacks a column, has an empty text, or a label other than
            0, 1, 2.
    """
    frame = _read(Path(path) / FILE)
    contradictory = frame.groupby("text")["label"].transform("nunique") > 1
    kept = frame[~contradictory].drop_duplicates("text").reset_index(drop=True)
    dropped = {"rows_repeated": int((~contradictory).sum()) - len(kept), "rows_contradictory": int(contradictory.sum())}
    kept.attrs["dropped"] = dropped
    return kept


def binary(frame: pd.DataFrame, direction: str) -> pd.DataFrame:
    """The sentences of `read_iempathize` with label 1 for that direction, "seek" or "provide", and 0 for the rest.

    The paper classifies each direction in a binary setting, too; as the rest we take all other sentences, those of the
    other direction included, so that both settings have the same sentences.

    Raises:
        ValueError: `direction` is neither.
    """
    if direction not in DIRECTIONS[1:]:
        raise ValueError(f"direction: expected {' or '.join(DIRECTIONS[1:])}, got {direction!r}")
    return frame.assign(label=(frame["label"] == DIRECTIONS.index(direction)).astype(int))


def _read(file: Path) -> pd.DataFrame:
    # Sentences may hold line breaks inside quotes.
    lines = read_text_lines(file, "the CSV of IEMPATHIZE", FIX, encoding="cp1252")
    reader = csv.DictReader(line + "\n" for line in lines)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise UserError(f"{file}:1: expected the columns {', '.join(COLUMNS)}, missing {', '.join(missing)}; {FIX}")
    rows = []
    for row in reader:
        if row["label"] not in ("0", "1", "2"):
            raise UserError(
                f"{file}:{reader.line_num}: expected a label of 0, 1 or 2, came {shorten(str(row['label']))}; {FIX}"
            )
        text = clean_text(row["text"])
        if not text or is_missing(text):
            came = repr(text) if text else "an empty text"
            raise UserError(f"{file}:{reader.line_num}: expected a sentence, came {came}; {FIX}")
        rows.append({"text": text, "label": int(row["label"])})
    if not rows:
        raise UserError(f"{file}: expected labelled sentences, came none; {FIX}")
    return pd.DataFrame(rows)
