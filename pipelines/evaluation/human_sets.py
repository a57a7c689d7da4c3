"""The sets of human ratings that scores are compared with: what was rated, by whom, and as which examples.

`dialogues` (EmpatheticExchanges; CC BY-NC 4.0): a listener's empathy over a whole EmpatheticDialogues dialogue, 1 to 5.
`responses` (Welivita and Pu 2024): one response to what an EmpatheticDialogues speaker said first, 1 bad to 3 good.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipelines.data.corpus import Corpus
from pipelines.data.dialogue import EMOTION_IDS, SPEAKER, SPLITS, clean_text
from pipelines.data.human_ratings import check_split, read_dialogue_ratings
from pipelines.data.text_files import read_text_lines, shorten
from pipelines.data.views import Example
from pipelines.errors import UserError
from pipelines.evaluation.human_agreement import RatedScale

RESPONSE_COLUMNS = (
    "dialog_id",
    "annotator",
    "emotion",
    "situation",
    "speaker_utterance",
    "source",
    "response",
    "rating",
)


@dataclass(frozen=True)
class RatedItem:
    """One rating and what was rated.

    Attributes:
        item_id: of what was rated; the same for two ratings of the same thing.
        conv_id: dialogue of the corpus that it is, or is about.
        rater: whose sheet it was rated on.
        rating: on the set's scale.
        examples: the listener turns that were rated, in order: all of a dialogue, or the one response.
        corpus_ids: example_id of the listener turn of the corpus that each of `examples` is, None where it is none.
    """

    item_id: str
    conv_id: str
    rater: str
    rating: float
    examples: tuple[Example, ...]
    corpus_ids: tuple[str | None, ...]

    @property
    def words(self) -> int:
        """White-space tokens that the listener says in all."""
        return sum(len(example["response"].split()) for example in self.examples)


@dataclass(frozen=True)
class HumanSet:
    """Rated items in the order of their file.

    Attributes:
        name: "dialogues" or "responses".
        part: which part of the file this is, in words.
        scale: of the ratings.
        items: what is compared.
        dropped: reason -> ratings of the file that are not in `items`.
        noted: what else is worth knowing -> count.
    """

    name: str
    part: str
    scale: RatedScale
    items: Sequence[RatedItem]
    dropped: dict[str, int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)

    @property
    def ratings(self) -> np.ndarray:
        """(items,), on the set's scale."""
        return np.array([item.rating for item in self.items], dtype=np.float64)

    @property
    def raters(self) -> np.ndarray:
        """(items,), the name of each item's sheet."""
        return np.array([item.rater for item in self.items])

    @property
    def words(self) -> np.ndarray:
        """(items,), white-space tokens of the listener."""
        return np.array([item.words for item in self.items], dtype=np.float64)

    def examples(self) -> list[Example]:
        """Every row to be scored, each example_id once, in the order of the items."""
        rows = {example["example_id"]: example for item in self.items for example in item.examples}
        return list(rows.values())

    def mean_scores(self, scores: Mapping[str, float]) -> np.ndarray:
        """Mean over an item's rows of `scores`, by example_id: (items,); NaN where no row of it has one.

        A row without a score, or with NaN (a labelling function abstained), is left out of the mean.
        """
        return self._means([[example["example_id"] for example in item.examples] for item in self.items], scores)

    def mean_signals(self, signals: Mapping[str, float]) -> np.ndarray:
        """The same of `signals` by example_id of the corpus: (items,); NaN also where a row is no turn of it."""
        return self._means([item.corpus_ids for item in self.items], signals)

    @staticmethod
    def _means(ids: Sequence[Sequence[str | None]], values: Mapping[str, float]) -> np.ndarray:
        found = [[values[one] for one in of_item if one is not None and one in values] for of_item in ids]
        given = [[value for value in of_item if np.isfinite(value)] for of_item in found]
        return np.array([np.mean(of_item) if of_item else np.nan for of_item in given], dtype=np.float64)


def read_dialogue_set(path: str, corpus: Corpus, split: str, reserved: frozenset[str]) -> HumanSet:
    """Read human ratings of whole dialogues, those of one split; an item's rows are all its listener turns.

    Args:
        path: a CSV with the columns conv_id, rating (1 to 5), batch (the rater's sheet) and split.
        corpus: that the dialogues are of.
        split: of the dialogues to keep: train, valid or test.
        reserved: conv_ids to leave out.

    Raises:
        UserError: the file is missing or broken, it tells no sheet, its split differs from the corpus's, or nothing of
            that split is left.
    """
    file = Path(path)
    turns: dict[str, list[Example]] = {}
    for name in SPLITS:
        for example in corpus.examples[name]:
            turns.setdefault(example["conv_id"], []).append(example)
    items: list[RatedItem] = []
    dropped: dict[str, int] = {}
    splits = set()
    for line, conv_id, rating, of_split, batch in read_dialogue_ratings(file):
        splits.add(of_split)
        examples = turns.get(conv_id, [])
        if of_split != split:
            _count(dropped, "other_split")
            continue
        if conv_id in reserved:
            _count(dropped, "reserved")
            continue
        if not examples:
            _count(dropped, "not_in_corpus")
            continue
        check_split(file, line, conv_id, of_split, examples[0]["split"])
        if not batch:
            raise UserError(
                f"{file}:{line}: expected the rater's sheet in the column batch, came none; "
                "give a CSV with the columns conv_id, rating, batch, split"
            )
        if rating != round(rating):
            raise UserError(f"{file}:{line}: expected a whole rating, came {rating:g}; correct or remove the row")
        ids = tuple(example["example_id"] for example in examples)
        items.append(RatedItem(conv_id, conv_id, batch, rating, tuple(examples), ids))
    if not items:
        raise UserError(
            f"{file}: expected ratings of dialogues of the split {split!r} that are in {corpus.name}, came none "
            f"({_listed(dropped)}); the file's splits: {', '.join(sorted(splits)) or 'none'}"
        )
    return HumanSet("dialogues", f"split {split}", RatedScale(1, 5), items, dropped)


def read_response_set(path: str, corpus: Corpus, source: str, reserved: frozenset[str]) -> HumanSet:
    """Read human ratings of single responses, those of one source; an item's row is the response to one speaker turn.

    A response whose text equals a listener turn of its dialogue in the corpus (white space and letter case aside) is
    linked to that turn by `corpus_ids`; those that are not are kept and noted.

    Args:
        path: a CSV with the columns dialog_id, annotator, emotion, situation, speaker_utterance, source, response and
            rating (1 to 3).
        corpus: that the dialogues are of.
        source: who wrote the responses to keep, as the file names it, such as "human".
        reserved: conv_ids to leave out.

    Raises:
        UserError: the file is missing or broken, or nothing of that source is left.
    """
    file = Path(path)
    turns: dict[tuple[str, str], str] = {}
    for name in SPLITS:
        columns = (corpus.examples[name][column][:] for column in ("conv_id", "response", "example_id"))
        for conv_id, response, example_id in zip(*columns, strict=True):
            turns.setdefault((conv_id, response.casefold()), example_id)
    items: list[RatedItem] = []
    dropped: dict[str, int] = {}
    noted: dict[str, int] = {}
    sources = set()
    for row in _read_responses(file):
        conv_id = row["dialog_id"]
        sources.add(row["source"])
        if row["source"] != source:
            _count(dropped, "other_source")
            continue
        if conv_id in reserved:
            _count(dropped, "reserved")
            continue
        example = _response_example(row)
        corpus_id = turns.get((conv_id, example["response"].casefold()))
        if corpus_id is None:
            _count(noted, "not_matched_to_corpus")
        rating = float(row["rating"])
        items.append(RatedItem(f"{conv_id}/{source}", conv_id, row["annotator"], rating, (example,), (corpus_id,)))
    if not items:
        raise UserError(
            f"{file}: expected ratings of responses with the source {source!r}, came none ({_listed(dropped)}); "
            f"the file's sources: {', '.join(sorted(sources)) or 'none'}"
        )
    return HumanSet("responses", f"source {source}", RatedScale(1, 3), items, dropped, noted)


def _read_responses(file: Path) -> list[dict[str, str]]:
    fix = f"give a CSV with the columns {', '.join(RESPONSE_COLUMNS)}"
    # Joined with the line ends that a quoted text may hold.
    lines = [f"{line}\n" for line in read_text_lines(file, "a CSV of rated responses", fix)]
    reader = csv.DictReader(lines)
    missing = [name for name in RESPONSE_COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise UserError(
            f"{file}:1: expected the columns {', '.join(RESPONSE_COLUMNS)}, missing {', '.join(missing)}; {fix}"
        )
    rows = []
    for row in reader:
        where = f"{file}:{reader.line_num}"
        empty = [
            name
            for name in ("dialog_id", "annotator", "speaker_utterance", "source", "response")
            if not (row[name] or "").strip()
        ]
        if empty:
            raise UserError(f"{where}: expected every column filled, came an empty {empty[0]}; correct or remove it")
        if row["rating"] not in ("1", "2", "3"):
            raise UserError(
                f"{where}: expected a rating of 1, 2 or 3, came {shorten(row['rating'] or '')}; "
                "correct or remove the row"
            )
        rows.append(row)
    return rows


def _response_example(row: Mapping[str, str]) -> Example:
    conv_id = row["dialog_id"]
    return {
        "example_id": f"responses:{conv_id}/{row['source']}",
        "conv_id": conv_id,
        "turn": 2,
        "split": "",
        "situation": clean_text(row["situation"] or ""),
        "dialogue_context": [{"role": SPEAKER, "text": clean_text(row["speaker_utterance"])}],
        "response": clean_text(row["response"]),
        "emotion": EMOTION_IDS.get(row["emotion"]),
        "empathy": None,
        "label_source": "",
    }


def _count(counts: dict[str, int], reason: str) -> None:
    counts[reason] = counts.get(reason, 0) + 1


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in sorted(counts.items())) or "no rows"
