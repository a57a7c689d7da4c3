"""What is left of a response without its empathic sentences."""

import pytest

from pipelines.labels.augmentation.empathic_sentence_removed import without_empathic_sentences


@pytest.mark.parametrize(
    ("response", "left"),
    [
        ("I'm so sorry to hear that. How old was she?", "How old was she?"),
        ("You must miss her! Did you have her long? That is so sad.", "Did you have her long?"),
        ("That sounds awful.Did you call them?", "Did you call them?"),
        ("We had a cat, too. i can imagine how it hurts", "We had a cat, too."),
        ("Better safe than sorry. I hope it works out!", "Better safe than sorry."),
        ("Take the van. Congrats on the race! It is late.", "Take the van. It is late."),
    ],
)
def test_sentences_with_a_cue_go(response: str, left: str) -> None:
    assert without_empathic_sentences(response) == left


@pytest.mark.parametrize(
    "response",
    [
        "How old was she?",  # nothing to remove
        "I'm so sorry.",  # nothing left
        "I'm so sorry. Really?",  # too little left
        "I'm so sorry, how old was she when it came?",  # one sentence
    ],
)
def test_otherwise_there_is_none(response: str) -> None:
    assert without_empathic_sentences(response) is None
