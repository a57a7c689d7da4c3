"""Pairs of a context and a response, as rows that any scorer takes, each with an id of its text."""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.atomic import write_with
from pipelines.data.dialogue import SPEAKER
from pipelines.data.features import EXAMPLE_FEATURES
from pipelines.data.views import Example

Context = Sequence[Mapping[str, str]]


def pair_id(context: Context, response: str) -> str:
    """The id of a pair: a hash of its text, so that equal pairs are scored once and it holds from run to run."""
    text = json.dumps([[[turn["role"], turn["text"]] for turn in context], response], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def pair_row(context: Context, response: str) -> dict[str, Any]:
    """A row with every column of EXAMPLE_FEATURES; all that is not the pair is empty."""
    empty: dict[str, Any] = dict.fromkeys(EXAMPLE_FEATURES)
    identity = pair_id(context, response)
    return empty | {
        "example_id": identity,
        "conv_id": identity,
        "turn": len(context) + 1,
        "split": "",
        "situation": "",
        "dialogue_context": [dict(turn) for turn in context],
        "response": response,
        "label_source": "",
    }


def one_turn(text: str) -> list[dict[str, str]]:
    """A context in which the speaker said `text`, and nothing else was said."""
    return [{"role": SPEAKER, "text": text}]


def distinct(rows: Iterable[Example]) -> list[Example]:
    """Each pair once, in order of first appearance."""
    return list({row["example_id"]: row for row in rows}.values())


def write_pairs(path: str | Path, rows: Iterable[Example]) -> int:
    """Write pair_id, context, response as CSV for scorers outside; a context has a line a turn, `role: text`.

    Returns the number of pairs, each written once.
    """
    pairs = distinct(rows)

    def write(partial: Path) -> None:
        with partial.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(["pair_id", "context", "response"])
            for row in pairs:
                context = "\n".join(f"{turn['role']}: {turn['text']}" for turn in row["dialogue_context"])
                writer.writerow([row["example_id"], context, row["response"]])

    write_with(path, write)
    return len(pairs)
