"""Surface cues of the response: plain patterns, and how carefully it is written."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.labelling_function import LabellingFunction

PATTERNS = {
    "question": r"\?",
    "exclamation": r"!",
    "second_person": r"\b(?:you|your|yours|yourself|u|ur)\b",
    "first_person": r"\b(?:i|me|my|mine|myself|i'm|i've|i'd|i'll)\b",
    "apology": r"\b(?:sorry|apolog\w+|condolences)\b",
    "wish": r"\b(?:hope\w*|wish\w*|good luck|congrat\w*|best of luck)\b",
    "feeling": r"\b(?:feel\w*|felt|sad|happy|glad|hard|tough|awful|terrible|scary|proud|upset\w*|excit\w*)\b",
    "thanks": r"\b(?:thank\w*)\b",
}
SHOUTED = re.compile(r"\b[A-Z]{3,}\b")  # not "OK." or "I"
CONTENT_WORD = re.compile(r"[a-z]{4,}")


def _echo(response: str, said: str) -> float:
    words, heard = CONTENT_WORD.findall(response.lower()), set(CONTENT_WORD.findall(said.lower()))
    return float(np.mean([word in heard for word in words])) if words else 0.0


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    response = turns["response"]
    text = response.str.lower().str.replace("’", "'", regex=False)
    frame = pd.DataFrame({name: text.str.contains(pattern).astype(float) for name, pattern in PATTERNS.items()})
    frame["capitals"] = [float(SHOUTED.search(one) is not None) for one in response]
    frame["word_length"] = [float(np.mean([len(word) for word in one.split()])) for one in response]
    frame["sentences"] = [float(len(re.findall(r"[.!?]+", one))) for one in response]
    frame["echo"] = [_echo(one, said) for one, said in zip(response, turns["last_speaker_turn"], strict=True)]
    return frame


CUES = LabellingFunction(
    name="cues",
    version=3,
    source="patterns of our own, listed in pipelines/labels/functions/cues.py",
    values={name: f"1 where the response matches {pattern}" for name, pattern in PATTERNS.items()}
    | {
        "capitals": "1 where a word of more than two letters is all capitals",
        "word_length": "mean characters of a word",
        "sentences": "runs of full stops, exclamation and question marks",
        "echo": "share of the words of four letters or more that the speaker's last turn holds too",
    },
    reads=("last_speaker_turn", "response"),
    compute=_compute,
)
