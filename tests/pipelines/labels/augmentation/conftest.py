"""Invented training pairs, as plain rows with the columns of EXAMPLE_FEATURES."""

from typing import Any

import pytest

from pipelines.data.dialogue import EMOTION_IDS

Row = dict[str, Any]

# conv_id -> (emotion, situation, speaker's text, response, score)
_DIALOGUES = (
    ("sad", "Our cat died.", "Our old cat died.", "I'm so sorry to hear that. How old was she?", 5.0),
    ("sad", "Nobody wrote.", "Nobody wrote to me.", "That sounds awful. Did you call them?", 4.0),
    ("sad", "I moved away.", "I miss my street.", "Do you ever go back there to visit?", 2.0),
    ("sad", "My plant wilted.", "My fern is brown.", "Oh no.", 1.0),
    ("proud", "I ran ten miles.", "I ran ten miles today!", "That is awesome! You must be proud.", 5.0),
    ("proud", "My girl can swim.", "She swam a length.", "Congratulations! Who taught her to swim?", 4.0),
    ("proud", "I built a shed.", "The shed stands.", "My uncle has a shed, too.", 1.5),
    ("angry", "They towed my van.", "They towed my van!", "That is so frustrating. Where is it now?", 3.0),
    ("angry", "He broke my cup.", "He broke my cup.", "Buy another cup at the shop.", 1.0),
    ("surprised", "A party for me.", "They threw me a party.", "What a nice evening that must have been!", 4.0),
)


def row(number: int, turn: int = 2, **changes: Any) -> Row:
    """Row of the dialogue with this number, at a turn."""
    emotion, situation, text, response, score = _DIALOGUES[number]
    return {
        "example_id": f"c:{number}/{turn}",
        "conv_id": f"c:{number}",
        "turn": turn,
        "split": "train",
        "situation": situation,
        "dialogue_context": [{"role": "speaker", "text": text}],
        "response": response if turn == 2 else f"At turn {turn} I say: {response}",
        "emotion": EMOTION_IDS[emotion],
        "empathy": score,
        "label_source": "human_ratings",
    } | changes


@pytest.fixture
def rows() -> list[Row]:
    """Twenty pairs, ten dialogues of two listener turns; emotions sad, proud, angry, surprised."""
    return [row(number, turn) for number in range(len(_DIALOGUES)) for turn in (2, 4)]
