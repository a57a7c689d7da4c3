"""Human ratings of whole EmpatheticDialogues dialogues, 1 to 5, as labels of the listener's turns.

The ratings (EmpatheticExchanges; CC BY-NC 4.0) judge the listener over a whole dialogue, one rater each. A listener
turn inherits the rating of its dialogue, and says so in `label_source`: it is a weak label of the turn.
"""

import copy
import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from datasets import DatasetDict

from pipelines.data.corpus import WHOLE_CORPUS, Corpus
from pipelines.data.dialogue import SPLITS
from pipelines.data.features import with_labels
from pipelines.data.text_files import read_text_lines, shorten
from pipelines.errors import UserError

LABEL_SOURCE = "human_ratings:inherited"
COLUMNS = ("conv_id", "rating", "split")
LOWEST, HIGHEST = 1.0, 5.0


class DialogueRating(NamedTuple):
    """A row of the file, and its line; `batch` is the rater's sheet, "" in a file that does not tell it."""

    line: int
    conv_id: str
    rating: float
    split: str
    batch: str


def label_with_human_ratings(corpus: Corpus, path: str) -> Corpus:
    """Return `corpus` with `empathy` set to the dialogue's rating in every example of a rated dialogue, null elsewhere.

    Args:
        corpus: examples whose conv_id the ratings name.
        path: a CSV with the columns conv_id, rating (1 to 5) and split. A dialogue rated more than once gets the mean
            of its ratings, which is noted; ratings of dialogues that the corpus does not hold (any more) are noted.

    Raises:
        UserError: the file is missing or broken, a rating is not a number from 1 to 5, a split is not the corpus's, or
            no rating belongs to the corpus.
    """
    file = Path(path)
    columns = {split: corpus.examples[split]["conv_id"][:] for split in SPLITS}
    split_of = {conv_id: split for split in SPLITS for conv_id in columns[split]}
    ratings: dict[str, list[float]] = {}
    for line, conv_id, rating, split, _ in read_dialogue_ratings(file):
        check_split(file, line, conv_id, split, split_of.get(conv_id, split))
        ratings.setdefault(conv_id, []).append(rating)
    report = copy.deepcopy(corpus.report)
    known = ratings.keys() & split_of.keys()
    if not known:
        raise UserError(f"{file}: expected ratings for {corpus.name}, came {len(ratings)} of others; give its own")
    report.note(WHOLE_CORPUS, "ratings_of_dialogues_not_kept", len(ratings) - len(known))
    report.note(WHOLE_CORPUS, "dialogues_rated_more_than_once", sum(len(given) > 1 for given in ratings.values()))

    examples = DatasetDict()
    for split, conv_ids in columns.items():
        empathy = [math.fsum(ratings[one]) / len(ratings[one]) if one in ratings else None for one in conv_ids]
        sources = [LABEL_SOURCE if one in ratings else "" for one in conv_ids]
        examples[split] = with_labels(corpus.examples[split], empathy, sources)
        report.note(split, "dialogues_labelled", len(known & set(conv_ids)))
        report.note(split, "examples_labelled", sum(one in ratings for one in conv_ids))
    return Corpus(corpus.name, examples, report)


def check_split(file: Path, line: int, conv_id: str, split: str, of_corpus: str) -> None:
    """Raise UserError where a rating's split is not that of its dialogue in the corpus."""
    if split != of_corpus:
        raise UserError(
            f"{file}:{line}: expected the split of the corpus for {conv_id}, {of_corpus}, came "
            f"{shorten(split)}; use ratings and a corpus of the same split"
        )


def read_dialogue_ratings(file: Path) -> Iterator[DialogueRating]:
    """Read the ratings in the order of the file; only `batch` may be missing.

    Raises:
        UserError: the file is missing or broken, or a rating is not a number from 1 to 5.
    """
    fix = f"give a CSV with the columns {', '.join(COLUMNS)}"
    reader = csv.DictReader(read_text_lines(file, "a CSV of ratings", fix))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise UserError(f"{file}:1: expected the columns {', '.join(COLUMNS)}, missing {', '.join(missing)}; {fix}")
    for row in reader:
        conv_id, given, split = (row[name] for name in COLUMNS)
        if not conv_id or given is None or split is None:
            came = "an empty conv_id" if not conv_id else "too few columns"
            raise UserError(f"{file}:{reader.line_num}: expected conv_id, rating and split, came {came}; {fix}")
        try:
            rating = float(given)
        except ValueError:
            rating = math.nan
        if not LOWEST <= rating <= HIGHEST:
            raise UserError(
                f"{file}:{reader.line_num}: expected a rating from 1 to 5, came {shorten(given)}; "
                "correct or remove the row"
            )
        yield DialogueRating(reader.line_num, conv_id, rating, split, row.get("batch") or "")
