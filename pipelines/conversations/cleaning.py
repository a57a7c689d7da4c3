"""What is wrong with dialogues of EmpatheticDialogues, so that they can be left out of training.

The reader repairs what it can: it decodes `_comma_`, and goes on after an empty utterance or without a cut one. Here a
dialogue with a fault is left out as a whole.
"""

import re
from collections.abc import Iterator

import pandas as pd

from pipelines.data.empatheticdialogues import CONV_ID, Row, parse_row
from pipelines.data.empatheticdialogues_files import SplitLines, open_corpus

FAULTS = {
    "malformed_row": "a line that cannot be read as an utterance",
    "broken_numbering": "utterances that are not numbered 1, 2, 3, ...: one is missing, or out of order",
    "not_two_sides": "one side says nothing, or there are more than two",
    "empty_utterance": "an utterance without a letter or a digit",
    "comma_mark": "a damaged `_comma_`, which is still there when the whole ones are decoded",
    "repeated_utterance": "an utterance of three or more words that comes again word for word",
    "repeated_dialogue": "the utterances of an earlier dialogue of the split, word for word",
}
REPEATED_WORDS = 3  # shorter ones ("Oh no!", "Yes.") are said again in any talk
_COMMA_MARK = re.compile(r"_\s*comma|comma\s*_", re.IGNORECASE)


def find_faults(path: str) -> pd.DataFrame:
    """The dialogues that have a fault: a row for each dialogue and fault, with split, conv_id and fault.

    FAULTS says what each means. Capitals and punctuation do not count when words are compared.

    Args:
        path: of the corpus, as for `read_empatheticdialogues`.

    Raises:
        UserError: the corpus cannot be read.
    """
    found = [
        (split, conv_id, fault)
        for split, source in open_corpus(path).items()
        for conv_id, fault in _faults_of_split(source)
    ]
    return pd.DataFrame(found, columns=["split", "conv_id", "fault"])


def _faults_of_split(source: SplitLines) -> Iterator[tuple[str, str]]:
    rows: dict[str, list[Row]] = {}
    malformed: dict[str, None] = {}
    conv_id = ""
    for _, fields in source.lines:
        row = parse_row(fields)
        if isinstance(row, str):
            # A line without a conv_id of its own is the rest of a line that was cut in two.
            conv_id = fields[0].strip() if CONV_ID.fullmatch(fields[0].strip()) else conv_id
            malformed[conv_id] = None
        else:
            conv_id = row.conv_id
            rows.setdefault(conv_id, []).append(row)
    for conv_id in malformed:
        yield conv_id, "malformed_row"
    dialogues: set[tuple[str, ...]] = set()
    for conv_id, of_one in rows.items():
        said = tuple(_words(row.utterance) for row in of_one)
        for fault in _faults_of_dialogue(of_one, said):
            yield conv_id, fault
        if said in dialogues:
            yield conv_id, "repeated_dialogue"
        dialogues.add(said)


def _faults_of_dialogue(rows: list[Row], said: tuple[str, ...]) -> Iterator[str]:
    if [row.utterance_idx for row in rows] != list(range(1, len(rows) + 1)):
        yield "broken_numbering"
    if len({row.speaker_idx for row in rows}) != 2:
        yield "not_two_sides"
    if not all(said):
        yield "empty_utterance"
    if any(_COMMA_MARK.search(_decode(row.utterance)) for row in rows):
        yield "comma_mark"
    long = [words for words in said if len(words.split()) >= REPEATED_WORDS]
    if len(set(long)) < len(long):
        yield "repeated_utterance"


def _decode(text: str) -> str:
    return text.replace("_comma_", ",")


def _words(text: str) -> str:
    """The words alone, in small letters, parted by single spaces; an apostrophe parts nothing."""
    return " ".join(re.findall(r"[^\W_]+", re.sub("['’]", "", _decode(text).casefold())))
