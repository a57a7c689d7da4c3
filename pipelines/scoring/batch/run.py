"""Scores a file: streams it, keeps what is done, puts aside what cannot be scored."""

import hashlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.progress import progress_bar
from pipelines.scoring.batch.columns import ADDED, context_of, score_columns
from pipelines.scoring.batch.outputs import Output
from pipelines.scoring.batch.records import Record, column_names, count_records, read_records
from pipelines.scoring.reader import Row, pair_row
from pipelines.scoring.scorer import EmpathyScorer
from pipelines.scoring.turns import context_turns, response_text

PART = 2048  # records
HASHED = 2**20  # bytes at each end of the input
LONGEST = 20_000  # characters of a reply, or of all turns of a context: far more than the network reads


@dataclass(frozen=True)
class Outcome:
    """scored, rejected: records of the input. written: the files."""

    scored: int
    rejected: int
    written: list[Path]


def score_file(scorer: EmpathyScorer, source: Path, target: Path, context: str, response: str) -> Outcome:
    """Score the columns `context` and `response` of `source` into `target`.

    Raises UserError where a file is missing, of an unknown kind or lacks a column, and where `target` is there already.
    """
    _check_columns(source, context, response)
    identity = {
        "input": _fingerprint(source),
        "checkpoint": scorer.checkpoint.fingerprint,
        "precision": scorer.precision,
        "columns": [context, response],
    }
    output = Output(target, identity)
    done = output.done()
    total = count_records(source)
    records = islice(read_records(source), done, None)
    with progress_bar(total=max(total, done), initial=done, unit="row", desc=source.name) as bar:
        while part := list(islice(records, PART)):
            scored, rejected = _score_part(scorer, part, context, response)
            output.write_part(scored, rejected)
            bar.update(len(part))
    found, rejected_count = output.done(), output.rejected_so_far()
    output.finish(source)
    written = [target, *([output.rejected] if rejected_count else [])]
    return Outcome(found - rejected_count, rejected_count, written)


def _check_columns(source: Path, context: str, response: str) -> None:
    names = column_names(source)
    for name, flag in ((context, "--context"), (response, "--response")):
        if name not in names:
            raise UserError(
                f"{source}: expected a column {name!r}, got {', '.join(names) or 'none'}; name yours with {flag}"
            )
    if taken := [name for name in names if name in ADDED]:
        raise UserError(f"{source}: expected no columns named as those of a score, got {', '.join(taken)}; rename them")


def _fingerprint(source: Path) -> str:
    """Of the input's size and ends, so that a file of many gigabytes is not read twice for it."""
    digest = hashlib.sha256(str(source.stat().st_size).encode())
    with source.open("rb") as handle:
        digest.update(handle.read(HASHED))
        handle.seek(max(0, source.stat().st_size - HASHED))
        digest.update(handle.read(HASHED))
    return digest.hexdigest()


def _score_part(
    scorer: EmpathyScorer, part: list[Record], context: str, response: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows: list[Row] = []
    numbers: list[int] = []
    rejected = []
    for record in part:
        try:
            rows.append(_row(record, context, response))
            numbers.append(record.number)
        except UserError as error:
            rejected.append({"number": record.number, "reason": str(error), "row": record.columns})
    scores = scorer.score_rows(rows)
    scored = [{"number": number, **score_columns(score)} for number, score in zip(numbers, scores, strict=True)]
    return scored, rejected


def _row(record: Record, context: str, response: str) -> Row:
    """Raises UserError where the record is none, or holds no text."""
    if record.problem is not None:
        raise UserError(record.problem)
    turns = context_turns(context_of(record.columns.get(context)))
    reply = response_text(record.columns.get(response))
    for name, length in ((context, sum(len(turn["text"]) for turn in turns)), (response, len(reply))):
        if length > LONGEST:
            raise UserError(f"{name}: expected at most {LONGEST:,} characters, got {length:,}")
    return pair_row(turns, reply)
