"""Puts scores beside the input's own columns, a batch at a time, and leaves out the rows that have none."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.scoring.batch.columns import ADDED
from pipelines.scoring.batch.conversations import Pairs
from pipelines.scoring.batch.source import Source

BATCH = 1024
NUMBER = "number"
TYPES = {
    "emotion": pa.string(),
    "emotional_reactions": pa.int8(),
    "interpretations": pa.int8(),
    "explorations": pa.int8(),
    "abstain": pa.bool_(),
    "abstain_reasons": pa.string(),
}

Row = Mapping[str, Any]


def write_joined(path: Path, suffix: str, source: Source, scored: Iterable[Row], prefix: str) -> None:
    """Write the items of `source` that `scored` has, with their scores, in the format of `suffix`.

    scored: the columns of `ADDED` and the item's number, ascending. prefix: before the names of `ADDED`. A column that
    Parquet cannot hold (mixed types, an empty object, an integer of more than 64 bits) is written as JSON text there.
    """
    if suffix == ".parquet":
        if source.kind == "parquet" and isinstance(source.layout, Pairs):
            _parquet_to_parquet(path, source, iter(scored), prefix)
        else:
            _write_parquet(path, source, _rows(source, scored, prefix), prefix)
        return
    rows = _rows(source, scored, prefix)
    if suffix == ".jsonl":
        with path.open("w", encoding="utf-8") as handle:
            handle.writelines(as_json(row) + "\n" for row in rows)
        return
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, [*source.columns, *_named(prefix)])
        writer.writeheader()
        writer.writerows({name: _flat(value) for name, value in row.items()} for row in rows)


def as_json(value: Any) -> str:
    """On one line, with the values that JSON lacks (dates, bytes) as texts."""
    return json.dumps(value, ensure_ascii=False, default=str)


def written_as_text(source: Source) -> list[str]:
    """Columns that Parquet cannot hold as they are."""
    return [name for name, kind in source.types.items() if kind is None]


def _named(prefix: str) -> list[str]:
    return [f"{prefix}{name}" for name in ADDED]


def _rows(source: Source, scored: Iterable[Row], prefix: str) -> Iterator[dict[str, Any]]:
    items = source.items()
    for score in scored:
        item = next(item for item in items if item.number == score[NUMBER])
        yield item.columns | {f"{prefix}{name}": score[name] for name in ADDED}


def _flat(value: Any) -> Any:
    return as_json(value) if isinstance(value, list | dict) else value


def _scored_schema(prefix: str) -> pa.Schema:
    return pa.schema([(f"{prefix}{name}", TYPES.get(name, pa.float32())) for name in ADDED])


def _write_parquet(path: Path, source: Source, rows: Iterator[dict[str, Any]], prefix: str) -> None:
    texts = set(written_as_text(source))
    types = [(name, pa.string() if kind is None else kind) for name, kind in source.types.items()]
    schema = pa.schema([*types, *_scored_schema(prefix)])
    with pq.ParquetWriter(path, schema) as writer:
        while chunk := list(islice(rows, BATCH)):
            for row in chunk:
                row |= {name: as_json(row[name]) for name in texts & row.keys() if row[name] is not None}
            writer.write_table(pa.Table.from_pylist(chunk, schema=schema))


def _parquet_to_parquet(path: Path, source: Source, scored: Iterator[Row], prefix: str) -> None:
    """The input's columns keep their types."""
    file = pq.ParquetFile(source.path)
    added = _scored_schema(prefix)
    start, waiting = 0, next(scored, None)
    with pq.ParquetWriter(path, pa.schema([*file.schema_arrow, *added])) as writer:
        for batch in file.iter_batches(batch_size=BATCH):
            chosen: list[Row] = []
            while waiting is not None and waiting[NUMBER] <= start + len(batch):
                chosen.append({f"{prefix}{name}": waiting[name] for name in ADDED} | {NUMBER: waiting[NUMBER]})
                waiting = next(scored, None)
            places = pa.array([score[NUMBER] - start - 1 for score in chosen], pa.int64())
            table = pa.Table.from_batches([batch]).take(places)
            scores = pa.Table.from_pylist(chosen, schema=added)
            for field in added:
                table = table.append_column(field, scores.column(field.name))
            writer.write_table(table)
            start += len(batch)
