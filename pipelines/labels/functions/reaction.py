"""What the speaker says next: people who feel understood say so. No model of the response sees it, a label may."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.labelling_function import LabellingFunction

PATTERNS = {
    "thanks": r"\b(?:thank\w*|appreciate)\b",
    "exclamation": r"!",
    "agreement": r"^(?:yes|yeah|yea|yep|exactly|i know|right|true|absolutely|definitely|for sure)\b",
    "rejection": r"^(?:no|nope|nah|not)\b",
}


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    text = turns["next_speaker_turn"].str.lower()
    found = {name: text.str.contains(pattern, regex=True) for name, pattern in PATTERNS.items()}
    # Where the dialogue ends, the function abstains.
    return pd.DataFrame(found).astype(float).where(text.notna(), np.nan)


REACTION = LabellingFunction(
    name="reaction",
    version=1,
    source="patterns of our own, listed in pipelines/labels/functions/reaction.py",
    values={name: f"1 where the speaker's next turn matches {pattern}" for name, pattern in PATTERNS.items()},
    reads=("next_speaker_turn",),
    compute=_compute,
)
