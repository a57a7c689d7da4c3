"""Sentences of a response, by a rule: the libraries at hand are unmaintained, or fetch their models when they run."""

import re

Span = tuple[int, int]  # characters [start, end) of a text

# A sentence ends after marks, and what they are enclosed in, that white space follows; and at a line break.
BREAK = re.compile(r"(?P<marks>[.!?…]+)[\"'”’»)\]*]*\s+|\s*\n\s*")
LONGEST_ABBREVIATION = 8  # characters, with what may stand before it
ABBREVIATIONS = frozenset({"mr", "mrs", "ms", "dr", "prof", "st", "vs", "e.g", "i.e", "eg", "ie", "approx"})


def split_sentences(text: str) -> list[Span]:
    """Where each sentence of `text` is, in order, as characters [start, end) without white space around it.

    A sentence ends after a run of . ! ? or … and closing quotes or brackets, where white space follows, and at a line
    break. One dot after an abbreviation ("e.g.") or an initial ("J.") ends none. What has no such end is one sentence;
    a blank text has none.
    """
    breaks = [found for found in BREAK.finditer(text) if not _is_abbreviation(text, found)]
    starts = [0, *(found.end() for found in breaks)]
    ends = [*(found.end() for found in breaks), len(text)]
    spans = (_stripped(text, start, end) for start, end in zip(starts, ends, strict=True))
    return [(start, end) for start, end in spans if start < end]


def _is_abbreviation(text: str, found: re.Match[str]) -> bool:
    if found["marks"] != ".":
        return False
    before = text[max(0, found.start() - LONGEST_ABBREVIATION) : found.start()].split()
    word = before[-1].lstrip("(\"'“‘[") if before else ""
    initial = len(word) == 1 and word.isupper() and word != "I"
    return initial or word.lower() in ABBREVIATIONS


def _stripped(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
