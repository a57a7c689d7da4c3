"""Own phrases, kept apart from those of the probes, and how they are put in."""

import re
from random import Random

import pytest

from pipelines.labels.augmentation.generic_reply import GENERIC_REPLIES
from pipelines.labels.augmentation.neutral_exchanges import EXCHANGES
from pipelines.labels.augmentation.phrases import PHRASES, QUESTIONS, with_phrase
from pipelines.labels.augmentation.polarity_lexicon import TO_PLEASANT, TO_UNPLEASANT
from pipelines.probes.phrase_insertion import FILLER
from pipelines.probes.phrase_insertion import PHRASES as PROBE_PHRASES
from pipelines.probes.polarity import contradiction

OURS = {
    "phrases": PHRASES,
    "generic replies": GENERIC_REPLIES,
    "exchanges": tuple(text for turns in EXCHANGES for text in turns),
    "opposites": (*TO_PLEASANT.values(), *TO_UNPLEASANT.values()),
}


def words(text: str) -> str:
    """Bare words between blanks, contractions written out: " i am sorry "."""
    spelt = text.lower().replace("’", "'").replace("i'm", "i am").replace("isn't", "is not")
    return f" {' '.join(re.findall(r'[a-z0-9]+', spelt))} "


@pytest.mark.parametrize("name", OURS)
def test_no_list_holds_a_probe_phrase(name: str) -> None:
    for text in OURS[name]:
        for phrase in (*PROBE_PHRASES, FILLER):
            assert words(phrase) not in words(text), f"{text!r} holds {phrase!r}"
            assert words(text) not in words(phrase), f"{text!r} is a part of {phrase!r}"


def test_the_check_would_find_one() -> None:
    assert words("I'm sorry.") in words("oh, I am sorry about that")
    assert len(PROBE_PHRASES) == 8


def test_no_opposite_is_one_that_the_polarity_probe_turns() -> None:
    for pairs in (TO_PLEASANT, TO_UNPLEASANT):
        for word, opposite in pairs.items():
            assert contradiction(word) != opposite, f"{word} -> {opposite}"


def test_there_are_many_phrases_each_once() -> None:
    assert 80 <= len(PHRASES) == len({words(phrase) for phrase in PHRASES}) <= 120
    assert all(question.endswith("?") for question in QUESTIONS)
    assert len({words(reply) for reply in GENERIC_REPLIES}) == len(GENERIC_REPLIES) >= 55


def test_a_phrase_stands_before_after_or_within() -> None:
    response = "It opens at nine. Take the bus."
    found = {"before": 0, "after": 0, "within": 0}
    for seed in range(300):
        text = with_phrase(response, Random(seed))
        phrase = text.replace("It opens at nine.", "").replace("Take the bus.", "").strip()
        assert phrase.rstrip(".!") in {one[0].upper() + one[1:] for one in PHRASES} | set(QUESTIONS)
        if text.startswith(phrase):
            found["before"] += 1
        elif text.endswith(phrase):
            found["after"] += 1
        else:
            assert text == f"It opens at nine. {phrase} Take the bus."
            found["within"] += 1
    assert min(found.values()) > 70


def test_a_phrase_is_typed_as_the_response_is() -> None:
    for seed in range(40):
        small = with_phrase("take the bus", Random(seed))
        assert small == small.lower()
        if small.startswith("take the bus"):
            assert small.startswith("take the bus. "), "the sentence before it gets a full stop"
        assert with_phrase("Take the bus!", Random(seed)).count("Take the bus!") == 1
