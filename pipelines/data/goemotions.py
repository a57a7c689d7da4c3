"""GoEmotions (Demszky et al. 2020, arXiv:2005.00547; Apache-2.0): Reddit comments with one or more of 28 labels."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import datasets
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

from pipelines.data.corpus import ReaderReport
from pipelines.data.dialogue import SPLITS, clean_text, is_missing
from pipelines.data.exclude import note_excluded
from pipelines.data.text_files import optional_path, read_text_lines, shorten
from pipelines.errors import UserError

HUB_ID = "google-research-datasets/go_emotions"
HUB_CONFIG = "simplified"
SOURCE = "https://github.com/google-research/google-research/tree/master/goemotions/data"
FIX = f"fetch it with: empathy data goemotions (or give the folder of its four files of {SOURCE})"
LABEL_FILES = ("emotions.txt", "labels.txt")
FILES = {"train": "train.tsv", "valid": "dev.tsv", "test": "test.tsv"}
HEADERS = ("text\tlabel\tid", "text\tlabels\tid")  # copies of the files often have one, the official ones have none

# fmt: off
USUAL = "data/goemotions"
GOEMOTIONS_LABELS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
)
# fmt: on

GOEMOTIONS_FEATURES = Features(
    {
        "comment_id": Value("string"),
        "text": Value("string"),
        "labels": List(ClassLabel(names=list(GOEMOTIONS_LABELS))),
    }
)


class Comment(NamedTuple):
    """One comment with the ids of its labels."""

    comment_id: str
    text: str
    labels: list[int]


def goemotions_path(value: str | None) -> str | None:
    """The path that a goemotions_path setting names: "auto" is data/goemotions, where it is there."""
    found = optional_path(value, USUAL)
    return None if found is None else str(found)


def read_goemotions(path: str, exclude: frozenset[str], report: ReaderReport | None = None) -> DatasetDict:
    """Read train, valid and test with the columns of GOEMOTIONS_FEATURES, in the order of the files.

    Args:
        path: a folder with train.tsv, dev.tsv, test.tsv and emotions.txt (or labels.txt); or "hub".
        exclude: comment ids to leave out of every split.
        report: takes the counts, where given; `kept` counts examples only.

    Raises:
        UserError: a file is missing or not UTF-8, a line is not text, label ids and comment id parted by tabs, a label
            id is not one of the 28, or the labels file names others.
    """
    report = report if report is not None else ReaderReport("goemotions")
    comments = _from_hub() if path == "hub" else _from_folder(Path(path), report)
    kept = DatasetDict()
    found: set[str] = set()
    for split in SPLITS:
        rows = [comment for comment in comments[split] if comment.comment_id not in exclude]
        if not rows:
            raise UserError(f"{path}: expected comments in the {split} split, came none; {FIX}")
        found |= {comment.comment_id for comment in comments[split]}
        report.drop(split, "examples_excluded_id", len(comments[split]) - len(rows))
        report.kept[split] = {"examples": len(rows)}
        columns = {name: [getattr(row, name) for row in rows] for name in Comment._fields}
        kept[split] = Dataset.from_dict(columns, features=GOEMOTIONS_FEATURES)
    note_excluded(report, exclude, found)
    return kept


def _from_folder(folder: Path, report: ReaderReport) -> dict[str, list[Comment]]:
    if not folder.is_dir():
        raise UserError(f"{folder}: expected a folder with GoEmotions, came no such folder; {FIX}, or give 'hub'")
    _check_labels(next((folder / name for name in LABEL_FILES if (folder / name).exists()), folder / LABEL_FILES[0]))
    return {split: list(_read_tsv(split, folder / name, report)) for split, name in FILES.items()}


def _check_labels(file: Path) -> None:
    names = tuple(line.strip() for line in read_text_lines(file, "the names of the labels", FIX) if line.strip())
    if names != GOEMOTIONS_LABELS:
        at = next((i for i, pair in enumerate(zip(names, GOEMOTIONS_LABELS, strict=False)) if pair[0] != pair[1]), None)
        line = min(len(names), len(GOEMOTIONS_LABELS)) if at is None else at
        came = shorten(names[line]) if line < len(names) else "the end of the file"
        expected = GOEMOTIONS_LABELS[line] if line < len(GOEMOTIONS_LABELS) else "the end of the file"
        raise UserError(f"{file}:{line + 1}: expected {expected}, came {came}; {FIX}")


def _read_tsv(split: str, file: Path, report: ReaderReport) -> Iterator[Comment]:
    for number, line in enumerate(read_text_lines(file, f"the {split} split", FIX), start=1):
        if not line or (number == 1 and line in HEADERS):
            continue
        fields = line.split("\t")
        if len(fields) != 3:
            raise UserError(
                f"{file}:{number}: expected text, label ids and comment id parted by two tabs, came {len(fields)} "
                f"columns in {shorten(line)}; {FIX}"
            )
        text, labels, comment_id = fields
        if not text.strip() or is_missing(text):
            raise UserError(f"{file}:{number}: expected a comment, came {text!r}; {FIX}")
        if len(text) > 1 and text.startswith('"') and text.endswith('"'):
            text = text[1:-1].replace('""', '"')
            report.note(split, "rows_unquoted")
        ids = labels.split(",")
        wrong = [one for one in ids if not (one.isascii() and one.isdigit() and int(one) < len(GOEMOTIONS_LABELS))]
        if wrong or not comment_id:
            came = f"label id {shorten(wrong[0])}" if wrong else "an empty comment id"
            raise UserError(f"{file}:{number}: expected label ids from 0 to 27 and a comment id, came {came}; {FIX}")
        yield Comment(comment_id, clean_text(text), [int(one) for one in ids])


def _from_hub() -> dict[str, list[Comment]]:
    try:
        loaded = datasets.load_dataset(HUB_ID, HUB_CONFIG)
    except Exception as error:  # the client raises the types of four libraries
        raise UserError(
            f"{HUB_ID}: expected to load the configuration {HUB_CONFIG} from the Hugging Face Hub, came "
            f"{type(error).__name__}: {clean_text(str(error))}; check the network, or {FIX}"
        ) from error
    comments = {}
    for split, hub_split in zip(SPLITS, ("train", "validation", "test"), strict=True):
        table = loaded[hub_split]
        names = tuple(table.features["labels"].feature.names)
        if names != GOEMOTIONS_LABELS:
            raise UserError(f"{HUB_ID}: expected the 28 labels of GoEmotions, came {names}; {FIX}")
        columns = table.to_dict()
        triples = zip(columns["id"], columns["text"], columns["labels"], strict=True)
        comments[split] = [Comment(one, clean_text(text), list(labels)) for one, text, labels in triples]
    return comments
