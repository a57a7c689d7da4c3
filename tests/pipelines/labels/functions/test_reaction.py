"""What the speaker says next."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.reaction import PATTERNS, REACTION


def test_patterns_and_abstention() -> None:
    said = ["Yeah, thank you!", "No.", "I know", "Nobody said yes", None]
    turns = pd.DataFrame({"next_speaker_turn": said})
    frame = REACTION.compute(turns, LabelSettings("x", "corpus", label_model="fixed"), Path())
    assert list(frame) == list(PATTERNS)
    assert frame.iloc[:4].to_dict("list") == {
        "thanks": [1, 0, 0, 0],
        "exclamation": [1, 0, 0, 0],
        "agreement": [1, 0, 1, 0],
        "rejection": [0, 1, 0, 0],
    }
    assert frame.iloc[4].isna().all()  # the dialogue ends


@pytest.mark.parametrize("said", [["Yes", "No"], [None, None]])
def test_columns_all_there_or_all_absent(said: list[str | None]) -> None:
    turns = pd.DataFrame({"next_speaker_turn": pd.Series(said, dtype=object)})
    frame = REACTION.compute(turns, LabelSettings("x", "corpus", label_model="fixed"), Path())
    assert frame.isna().all(axis=None) == (said[0] is None)
