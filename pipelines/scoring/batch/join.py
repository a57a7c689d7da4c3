"""Puts scores beside the input's own columns, a batch at a time, and leaves out the rows that have none."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import UserError
from pipelines.scoring.batch.columns import ADDED
from pipelines.scoring.batch.records import read_records

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
SCORED_SCHEMA = pa.schema([(name, TYPES.get(name, pa.float32())) for name in ADDED])

Row = Mapping[str, Any]


def write_joined(path: Path, suffix: str, source: Path, scored: Iterable[Row]) -> None:
    """Write the rows of `source` that `scored` has, with their scores, in the format of `suffix`.

    scored: the columns of `ADDED` and the record's number, ascending. Raises UserError where JSON's columns have no one
    type and Parquet is asked for.
    """
    if suffix == ".parquet" and source.suffix.lower() == ".parquet":
        _parquet_to_parquet(path, source, iter(scored))
        return
    rows = _rows(source, scored)
    if suffix == ".jsonl":
        with path.open("w", encoding="utf-8") as handle:
            handle.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
    elif suffix == ".csv":
        _write_csv(path, rows)
    else:
        _write_parquet(path, rows)


def _rows(source: Path, scored: Iterable[Row]) -> Iterator[dict[str, Any]]:
    records = iter(read_records(source))
    for score in scored:
        record = next(record for record in records if record.number == score[NUMBER])
        yield record.columns | {name: score[name] for name in ADDED}


def _write_csv(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    first = list(islice(rows, 1))
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(first[0]) if first else ADDED, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(map(_flat, chain(first, rows)))


def _flat(row: Row) -> dict[str, Any]:
    return {
        key: json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value
        for key, value in row.items()
    }


def _write_parquet(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    schema: pa.Schema | None = None
    writer: pq.ParquetWriter | None = None
    try:
        while chunk := list(islice(rows, BATCH)):
            own = [{key: value for key, value in row.items() if key not in ADDED} for row in chunk]
            try:
                table = pa.Table.from_pylist(own, schema=schema)
            except pa.ArrowException as error:
                raise UserError(
                    f"{path}: expected columns of one type each for Parquet: {error}; "
                    "choose an --out that ends in .jsonl"
                ) from error
            schema = table.schema
            table = _with_scores(table, chunk)
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
        if writer is None:
            pq.write_table(SCORED_SCHEMA.empty_table(), path)
    finally:
        if writer is not None:
            writer.close()


def _parquet_to_parquet(path: Path, source: Path, scored: Iterator[Row]) -> None:
    """The input's columns keep their types."""
    file = pq.ParquetFile(source)
    schema = pa.schema([*file.schema_arrow, *SCORED_SCHEMA])
    start, waiting = 0, next(scored, None)
    with pq.ParquetWriter(path, schema) as writer:
        for batch in file.iter_batches(batch_size=BATCH):
            chosen: list[Row] = []
            while waiting is not None and waiting[NUMBER] <= start + len(batch):
                chosen.append(waiting)
                waiting = next(scored, None)
            places = pa.array([score[NUMBER] - start - 1 for score in chosen], pa.int64())
            writer.write_table(_with_scores(pa.Table.from_batches([batch]).take(places), chosen))
            start += len(batch)


def _with_scores(table: pa.Table, scored: Iterable[Row]) -> pa.Table:
    added = pa.Table.from_pylist([{name: row[name] for name in ADDED} for row in scored], schema=SCORED_SCHEMA)
    for field in SCORED_SCHEMA:
        table = table.append_column(field, added.column(field.name))
    return table
