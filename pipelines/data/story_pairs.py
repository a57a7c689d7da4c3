"""Pairs of personal stories with a rating of how much their tellers would empathise (Empathic Stories++).

The corpus is not public. Its format, as that of EmpathicStories (Shen et al. 2023, arXiv:2305.14246), is a CSV with a
column a story and one for the annotators' mean rating, here from 1 to 3.
"""

import csv
import math
from pathlib import Path

import pandas as pd

from pipelines.data.dialogue import clean_text
from pipelines.data.text_files import read_text_lines, shorten
from pipelines.errors import UserError

COLUMNS = ("story_A", "story_B", "similarity_empathy_human_AGG")
LOWEST, HIGHEST = 1.0, 3.0
FIX = "ask its authors for the corpus and give its CSV of pairs"


def read_story_pairs(path: str) -> pd.DataFrame:
    """Read rated pairs: first, second (texts), target (the rating scaled to 0-1).

    Raises:
        UserError: the file is missing or empty, lacks a column, or a rating is no number from 1 to 3.
    """
    file = Path(path)
    reader = csv.DictReader(line + "\n" for line in read_text_lines(file, "a CSV of story pairs", FIX))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise UserError(f"{file}:1: expected the columns {', '.join(COLUMNS)}, missing {', '.join(missing)}; {FIX}")
    rows = []
    for row in reader:
        try:
            rating = float(row[COLUMNS[2]])
        except (TypeError, ValueError):
            rating = math.nan
        if not LOWEST <= rating <= HIGHEST:
            raise UserError(
                f"{file}:{reader.line_num}: expected a rating from {LOWEST:g} to {HIGHEST:g}, came "
                f"{shorten(str(row[COLUMNS[2]]))}; {FIX}"
            )
        target = (rating - LOWEST) / (HIGHEST - LOWEST)
        rows.append({"first": clean_text(row["story_A"]), "second": clean_text(row["story_B"]), "target": target})
    if not rows:
        raise UserError(f"{file}: expected rated pairs, came none; {FIX}")
    return pd.DataFrame(rows)
