"""Surface cues."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.cues import CUES, PATTERNS

SETTINGS = LabelSettings("x", "corpus", label_model="fixed")


def cues(response: str, said: str = "") -> dict[str, float]:
    turns = pd.DataFrame({"response": [response], "last_speaker_turn": [said]})
    frame = CUES.compute(turns, SETTINGS, Path())
    assert list(frame) == list(CUES.values)
    return frame.iloc[0].to_dict()


@pytest.mark.parametrize(
    ("response", "found"),
    [
        ("I’m SORRY", {"apology", "first_person"}),
        ("Apologies, is that yours?", {"apology", "question", "second_person"}),
        ("Congrats! Best of luck!", {"wish", "exclamation"}),
        ("Thanks, u made me feel happy", {"thanks", "second_person", "first_person", "feeling"}),
        ("Younger mice sort their things", set()),  # no word of a pattern, only parts of one
    ],
)
def test_patterns(response: str, found: set[str]) -> None:
    assert {name for name in PATTERNS if cues(response)[name]} == found


def test_how_it_is_written() -> None:
    found = cues("WOW... Your Mother came?! I am OK.", said="My mother came home")
    assert (found["capitals"], found["sentences"]) == (1.0, 3.0)
    assert found["word_length"] == pytest.approx((6 + 4 + 6 + 6 + 1 + 2 + 3) / 7)
    assert found["echo"] == pytest.approx(2 / 3)  # of your, mother, came
    assert cues("I am OK.", said="My mother")["capitals"] == 0
    assert cues("I am OK.", said="My mother")["echo"] == 0
