"""Scores a file: streams it, keeps what is done, puts aside what cannot be scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.progress import progress_bar
from pipelines.scoring.batch.columns import ADDED, score_columns
from pipelines.scoring.batch.conversations import InputSettings, Item, Pairs
from pipelines.scoring.batch.join import NUMBER, written_as_text
from pipelines.scoring.batch.outputs import Output
from pipelines.scoring.batch.source import Source
from pipelines.scoring.reader import Row, pair_row
from pipelines.scoring.results import Score
from pipelines.scoring.scorer import CHUNK, EmpathyScorer
from pipelines.scoring.turns import context_turns, response_text

LONGEST = 20_000  # characters of a reply, or of all turns of a context: far more than the network reads


@dataclass(frozen=True)
class Outcome:
    """scored, rejected: items of the input. written: the files."""

    scored: int
    rejected: int
    written: list[Path]


def score_file(
    scorer: EmpathyScorer, path: Path, target: Path, settings: InputSettings | None = None, prefix: str = ""
) -> Outcome:
    """Score a file of pairs, conversations or messages into `target`.

    prefix: before the names of the columns that are added. Raises UserError where the file is missing, of an unknown
    kind or holds none of them, and where `target` is there already.
    """
    source = Source(path, settings or InputSettings())
    _check_columns(source, prefix)
    identity = source.identity() | {"checkpoint": scorer.checkpoint.fingerprint, "precision": scorer.precision}
    output = Output(target, path, identity)
    if not isinstance(source.layout, Pairs):
        print(f"{path}: read as {source.describe()}", flush=True)
    if target.suffix.lower() == ".parquet" and (texts := written_as_text(source)):
        print(f"{target}: written as JSON text, since Parquet cannot hold their values: {', '.join(texts)}", flush=True)
    items = islice(source.items(), output.records, None)
    with progress_bar(total=source.total, initial=output.records, unit="row", desc=path.name) as bar:
        while window := list(islice(items, CHUNK)):
            rows, numbers, rejected = _checked(window, source.settings)
            bar.update(len(rejected))
            for group, (places, scores) in enumerate(scorer.score_groups(rows, output.groups())):
                if scores:
                    output.write_group(group, _scored([numbers[place] for place in places], scores))
                bar.update(len(places))
            output.close_window(len(window), rejected)
    output.finish(source, prefix)
    written = [target, *([output.rejected] if output.refused else [])]
    return Outcome(output.records - output.refused, output.refused, written)


def _check_columns(source: Source, prefix: str) -> None:
    added = {f"{prefix}{name}" for name in ADDED}
    if taken := [name for name in source.columns if name in added]:
        raise UserError(
            f"{source.path}: expected no columns named as those of a score, got {', '.join(taken)}; put something "
            "before the names of the new ones, such as --prefix=rated_"
        )


def _checked(window: Sequence[Item], settings: InputSettings) -> tuple[list[Row], list[int], list[dict[str, Any]]]:
    """Rows to score and their items' numbers; and what cannot be scored, with the reason."""
    rows: list[Row] = []
    numbers: list[int] = []
    rejected = []
    for item in window:
        try:
            rows.append(_row(item, settings))
            numbers.append(item.number)
        except UserError as error:
            place = {NUMBER: item.number} | ({} if item.line is None else {"line": item.line})
            rejected.append(place | {"reason": str(error), "row": item.columns})
    return rows, numbers, rejected


def _scored(numbers: Sequence[int], scores: Sequence[Score]) -> list[dict[str, Any]]:
    return [{NUMBER: number, **score_columns(score)} for number, score in zip(numbers, scores, strict=True)]


def _row(item: Item, settings: InputSettings) -> Row:
    """Raises UserError where the item is none, or holds no text."""
    if item.problem is not None:
        raise UserError(item.problem)
    for name, value in ((settings.context, item.context), (settings.response, item.response)):
        if value is None:
            raise UserError(f"{name}: expected a text or turns, got nothing")
    turns, reply = context_turns(item.context), response_text(item.response)
    for name, length in (("context", sum(len(turn["text"]) for turn in turns)), ("response", len(reply))):
        if length > LONGEST:
            raise UserError(f"{name}: expected at most {LONGEST:,} characters, got {length:,}")
    return pair_row(turns, reply)
