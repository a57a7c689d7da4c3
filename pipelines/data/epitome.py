"""EPITOME (Sharma et al. 2020, arXiv:2009.08441; academic licence), Reddit part: mechanisms of empathy in peer support.

Three CSVs, one a mechanism, annotate the same pairs of a seeker's post and a response post.
"""

import csv
from pathlib import Path

import pandas as pd

from pipelines.data.dialogue import clean_text, is_missing
from pipelines.data.mechanisms import LEVELS, MECHANISMS
from pipelines.data.text_files import read_text_lines, shorten
from pipelines.errors import UserError

SOURCE = "https://github.com/behavioral-data/Empathy-Mental-Health"
FILES = {
    "er": "emotional-reactions-reddit.csv",
    "ip": "interpretations-reddit.csv",
    "ex": "explorations-reddit.csv",
}
COLUMNS = ("sp_id", "rp_id", "seeker_post", "response_post", "level")
FIX = f"fetch it with: empathy data epitome (or give the folder of the three CSVs of {SOURCE})"


def read_epitome(path: str, exclude: frozenset[str]) -> pd.DataFrame:
    """Read the annotated pairs: sp_id, rp_id, seeker_post, response_post, and the levels er, ip, ex (0 to 2).

    Pairs that a file holds twice are kept once. The files differ in white space, so they are joined by their ids.

    Args:
        path: folder of the three CSVs.
        exclude: ids to leave out, of a seeker post, a response post, or both as `<sp_id>_<rp_id>`.

    Raises:
        UserError: a file is missing, empty, lacks a column, has a level other than 0, 1, 2, or annotates other pairs.
    """
    frames = {
        mechanism: read_file(Path(path) / name).drop_duplicates(["sp_id", "rp_id"], ignore_index=True)
        for mechanism, name in FILES.items()
    }
    pairs = frames[MECHANISMS[0]].drop(columns="level")
    for mechanism, frame in frames.items():
        levels = frame.set_index(["sp_id", "rp_id"])["level"].rename(mechanism)
        joined = pairs.join(levels, on=["sp_id", "rp_id"])
        if len(levels) != len(pairs) or joined[mechanism].isna().any():
            raise UserError(
                f"{Path(path) / FILES[mechanism]}: expected the pairs of {FILES[MECHANISMS[0]]}, came others; {FIX}"
            )
        pairs = joined.astype({mechanism: int})
    return leave_out(pairs, exclude)


def leave_out(pairs: pd.DataFrame, exclude: frozenset[str]) -> pd.DataFrame:
    """The pairs but those with an excluded id, as `read_epitome` takes them."""
    both = pairs["sp_id"] + "_" + pairs["rp_id"]
    left_out = both.isin(exclude) | pairs["sp_id"].isin(exclude) | pairs["rp_id"].isin(exclude)
    return pairs[~left_out].reset_index(drop=True)


def read_file(file: Path, *also: str) -> pd.DataFrame:
    """Every row of one mechanism's file: sp_id, rp_id, seeker_post, response_post, level (0 to 2).

    also: further columns, taken as they are. Raises UserError as `read_epitome`.
    """
    columns = (*COLUMNS, *also)
    # Posts may hold line breaks inside quotes.
    reader = csv.DictReader(line + "\n" for line in read_text_lines(file, "a CSV of EPITOME", FIX))
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        raise UserError(f"{file}:1: expected the columns {', '.join(columns)}, missing {', '.join(missing)}; {FIX}")
    levels = {str(level): level for level in range(LEVELS)}
    rows = []
    for row in reader:
        if row["level"] not in levels:
            raise UserError(
                f"{file}:{reader.line_num}: expected a level of 0, 1 or 2, came {shorten(str(row['level']))}; {FIX}"
            )
        absent = [name for name in columns if row[name] is None]
        if absent:
            raise UserError(
                f"{file}:{reader.line_num}: expected a value for each of {', '.join(columns)}, came none for "
                f"{', '.join(absent)}; {FIX}"
            )
        posts = {name: clean_text(row[name]) for name in ("seeker_post", "response_post")}
        if lost := [name for name, post in posts.items() if not post or is_missing(post)]:
            raise UserError(f"{file}:{reader.line_num}: expected a post in {lost[0]}, came {row[lost[0]]!r}; {FIX}")
        rows.append({name: row[name] for name in columns} | posts | {"level": levels[row["level"]]})
    if not rows:
        raise UserError(f"{file}: expected annotated pairs, came none; {FIX}")
    return pd.DataFrame(rows)
