"""EPITOME's rationales (Sharma et al. 2020, arXiv:2009.08441): which part of a response shows the mechanism."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from pipelines.data.dialogue import clean_text, is_missing
from pipelines.data.epitome import FILES, leave_out, read_file
from pipelines.data.text_files import shorten
from pipelines.errors import UserError

SEPARATOR = "|"  # the files end every rationale with it
# The responses hold escapes of HTML where some rationales hold the character.
ESCAPED = {"&": "&(?:amp;)?", "<": "(?:<|&lt;)", ">": "(?:>|&gt;)"}


def read_rationales(path: str, mechanism: str, exclude: frozenset[str]) -> pd.DataFrame:
    """Read one mechanism's pairs: sp_id, rp_id, seeker_post, response_post, level (0 to 2), rationales (list of texts).

    A pair that the file holds twice is kept as it is first, as by `read_epitome`, though a few are annotated otherwise
    the second time. The texts are the mechanism's own file's, which its rationales are parts of. A pair of level 0 has
    no rationale; a handful of others have none either.

    Args:
        path: folder of the three CSVs.
        mechanism: "er", "ip" or "ex".
        exclude: ids to leave out, of a seeker post, a response post, or both as `<sp_id>_<rp_id>`.

    Raises:
        UserError: another mechanism was asked for; its file is missing, empty, lacks a column or a value, or has a
            level other than 0, 1, 2.
    """
    if mechanism not in FILES:
        raise UserError(f"mechanism: expected one of {', '.join(FILES)}, came {shorten(mechanism)}; choose one of them")
    pairs = read_file(Path(path) / FILES[mechanism], "rationales").drop_duplicates(["sp_id", "rp_id"])
    return leave_out(pairs.assign(rationales=pairs["rationales"].map(_parts)), exclude)


def _parts(rationales: str) -> list[str]:
    parts = (clean_text(part) for part in rationales.split(SEPARATOR))
    return [part for part in parts if part and not is_missing(part)]


def rationale_spans(response: str, rationales: Iterable[str]) -> list[tuple[int, int] | None]:
    """Where in `response` each rationale is, as characters [start, end); None for one that is not there.

    White space does not count, and an HTML escape counts as its character. Of several occurrences the first is meant:
    the files do not say which, and a rationale is marked once.
    """
    found = (re.search(_pattern(rationale), response) for rationale in rationales)
    return [None if match is None else match.span() for match in found]


def _pattern(rationale: str) -> str:
    return r"\s*".join(ESCAPED.get(character, re.escape(character)) for character in "".join(rationale.split()))


def rationale_mask(response: str, rationales: Iterable[str], offsets: Sequence[tuple[int, int]]) -> list[int]:
    """1 for each token that a rationale covers, in part at least, else 0; 0 for special tokens, which cover nothing.

    offsets: of each token's characters in `response`, [start, end), as a fast tokenizer gives them.
    """
    spans = [span for span in rationale_spans(response, rationales) if span is not None]
    return [int(any(max(start, first) < min(end, last) for first, last in spans)) for start, end in offsets]


def count_rationales(pairs: pd.DataFrame) -> dict[str, int]:
    """How many rationales the pairs of `read_rationales` have, and how many of them are not in their response."""
    spans = [
        span
        for response, rationales in zip(pairs["response_post"], pairs["rationales"], strict=True)
        for span in rationale_spans(response, rationales)
    ]
    return {"rationales": len(spans), "rationales_not_found": spans.count(None)}
