"""Surface cues of the response, each a plain pattern."""

from pathlib import Path

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


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    text = turns["response"].str.lower().str.replace("’", "'", regex=False)
    return pd.DataFrame({name: (text.str.count(pattern) > 0).astype(float) for name, pattern in PATTERNS.items()})


CUES = LabellingFunction(
    name="cues",
    version=1,
    source="patterns of our own, listed in pipelines/labels/functions/cues.py",
    values={name: f"1 where the response matches {pattern}" for name, pattern in PATTERNS.items()},
    compute=_compute,
)
