"""Sentences of a response and where they are."""

import pytest

from pipelines.micromodels.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("I am sorry. How are you?", ["I am sorry.", "How are you?"]),
        ("  Oh no!!  That hurts...   Tell me ", ["Oh no!!", "That hurts...", "Tell me"]),
        ('She said "go." Then (why?) she left.', ['She said "go."', "Then (why?)", "she left."]),
        ("no end at all", ["no end at all"]),
        ("one line\nanother one\n\n  a third", ["one line", "another one", "a third"]),
        ("Ask Dr. Lee, e.g. on Monday. Or J. Doe.", ["Ask Dr. Lee, e.g. on Monday.", "Or J. Doe."]),
        ("So do I. Me too.", ["So do I.", "Me too."]),
        ("Call the dr. soon! (Mr. X vs. Y)", ["Call the dr. soon!", "(Mr. X vs. Y)"]),
        ("It cost 3.50 at shop.com, ok?yes", ["It cost 3.50 at shop.com, ok?yes"]),
        (". Then", [".", "Then"]),
        (" \n ", []),
        ("", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    spans = split_sentences(text)
    assert [text[start:end] for start, end in spans] == sentences


def test_spans_are_characters_of_the_text_in_order() -> None:
    assert split_sentences(" Hm.  So sad … Why? ") == [(1, 4), (6, 14), (15, 19)]
