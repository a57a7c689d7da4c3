"""Sentences of a response, as people type them in chats."""

import re

# "I know.Me too" has no space where a sentence ends.
_END = re.compile(r"(?<=[.!?])\s+|(?<=[a-z][.!?])(?=[A-Z])")


def split_sentences(text: str) -> list[str]:
    """The sentences of `text` with their punctuation, stripped, without empty ones."""
    return [sentence.strip() for sentence in _END.split(text) if sentence.strip()]
