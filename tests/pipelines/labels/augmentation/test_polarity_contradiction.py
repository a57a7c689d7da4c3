"""Where a rule fires the answer contradicts, elsewhere it is left alone."""

import pytest

from pipelines.data.dialogue import EMOTIONS
from pipelines.labels.augmentation.polarity_contradiction import contradict
from pipelines.labels.augmentation.polarity_lexicon import (
    PLEASANT_EMOTIONS,
    TO_PLEASANT,
    TO_UNPLEASANT,
    UNPLEASANT_EMOTIONS,
)


@pytest.mark.parametrize(
    ("emotion", "response", "contradiction"),
    [
        ("sad", "That is so sad. How old was she?", "That is so nice. How old was she?"),
        ("sad", "Oh, so sorry to hear that!", "Oh, so delighted to hear that!"),
        ("angry", "that must be frustrating", "that must be satisfying"),
        ("disgusted", "What an awful feeling", "What a lovely feeling"),
        ("afraid", "Oh no! Where was it?", "Oh yay! Where was it?"),
        ("embarrassed", "What a shame.", "What a treat."),
        ("proud", "Congratulations! You must be proud of her.", "Commiserations! You must be embarrassed of her."),
        ("joyful", "That sounds like fun.", "That sounds like misery."),
        ("grateful", "That is a great feeling.", "That is an awful feeling."),
        ("excited", "I am so happy for you", "I am so ashamed for you"),
    ],
)
def test_rules(emotion: str, response: str, contradiction: str) -> None:
    assert contradict(response, emotion) == contradiction


@pytest.mark.parametrize(
    ("emotion", "response"),
    [
        ("sad", "How old was she?"),
        ("sad", "That is great!"),  # contradicts already
        ("sad", "That is sad, but she had a good life."),  # of two minds
        ("sad", "It is not sad at all."),
        ("sad", "Was it hard?"),
        ("sad", "I hope it is less painful, by now."),
        ("proud", "He is a good friend of mine."),  # not about what was said
        ("proud", "That isn't great."),
        ("surprised", "That is awful!"),  # either way
        ("nostalgic", "That sounds nice."),
    ],
)
def test_no_rule_fires(emotion: str, response: str) -> None:
    assert contradict(response, emotion) is None


def test_emotions_are_on_one_side_or_none() -> None:
    assert not PLEASANT_EMOTIONS & UNPLEASANT_EMOTIONS
    assert set(EMOTIONS) > (PLEASANT_EMOTIONS | UNPLEASANT_EMOTIONS)


def test_no_word_is_on_both_sides() -> None:
    assert not TO_PLEASANT.keys() & TO_UNPLEASANT.keys()
    for pairs in (TO_PLEASANT, TO_UNPLEASANT):
        assert not any(word == opposite for word, opposite in pairs.items())
