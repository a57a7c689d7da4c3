"""Empathetic response intents (Welivita & Pu 2020, arXiv:2012.07439; no licence stated): listeners' texts by intent.

`train.txt` has lines `<id> <SEP> <text>`: ids 0-31 are emotions of speakers, 32-40 what listeners do. The names that
`labels.txt` gives the ids are not reliable (copies differ in two names, and neutral has the id of another intent), so
the ids are named here and checked against the texts.
"""

from pathlib import Path

import numpy as np

from pipelines.data.dialogue import clean_text, is_missing
from pipelines.data.text_files import read_text_lines, shorten
from pipelines.errors import UserError

SOURCE = "https://github.com/anuradha1992/EmpatheticIntents"
FIX = f"get train.txt from {SOURCE} and give its folder"
FIRST_INTENT = 32
# In the order of their ids, from FIRST_INTENT.
INTENTS = (
    "agreeing",
    "acknowledging",
    "encouraging",
    "consoling",
    "sympathizing",
    "suggesting",
    "questioning",
    "wishing",
    "neutral",
)
# What most texts of an intent hold and few of any other: a file whose ids mean something else is refused.
MARKS = {"sympathizing": "sorry", "questioning": "?"}


def read_intents(path: str) -> tuple[list[str], np.ndarray]:
    """Texts and their classes (texts,), places in INTENTS, of `<path>/train.txt`; speakers' texts are left out.

    Raises:
        UserError: the file is missing, a line is not `<id> <SEP> <text>`, or the ids of sympathizing and questioning
            are not what their texts say.
    """
    file = Path(path) / "train.txt"
    texts, classes = [], []
    for number, line in enumerate(read_text_lines(file, "texts by intent", FIX), start=1):
        if not line.strip():
            continue
        identifier, separator, text = line.partition(" <SEP> ")
        if not separator or not (identifier.isascii() and identifier.strip().isdigit()):
            raise UserError(f"{file}:{number}: expected <id> <SEP> <text>, came {shorten(line)}; {FIX}")
        place = int(identifier) - FIRST_INTENT
        if place >= len(INTENTS):
            raise UserError(
                f"{file}:{number}: expected an id up to {FIRST_INTENT + len(INTENTS) - 1}, came {identifier}; {FIX}"
            )
        if place >= 0:
            if not text.strip() or is_missing(text):
                raise UserError(f"{file}:{number}: expected a text, came {text!r}; {FIX}")
            texts.append(clean_text(text))
            classes.append(place)
    labels = np.array(classes)
    for intent, mark in MARKS.items():
        marked = np.array([mark in text.lower() for text in texts])
        most = max(INTENTS, key=lambda name: marked[labels == INTENTS.index(name)].sum())
        if most != intent:
            raise UserError(
                f"{file}: expected {mark!r} most often in texts of id {FIRST_INTENT + INTENTS.index(intent)} "
                f"({intent}), came it in those of id {FIRST_INTENT + INTENTS.index(most)}; the file's ids are "
                f"not those of the paper: {FIX}"
            )
    return texts, labels
