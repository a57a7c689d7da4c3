"""Reads CSV, JSON Lines and Parquet a record at a time, so that a file may be larger than memory."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import UserError

LARGEST_FIELD = 2**27  # characters of a CSV field


class Record(NamedTuple):
    """A row of the input: its number from 1, its columns, and why it cannot be read, None where it can."""

    number: int
    columns: dict[str, Any]
    problem: str | None


def read_records(path: Path) -> Iterator[Record]:
    """The records of a file, by its suffix. Raises UserError where it is missing or no such file."""
    return _reader(path)(path)


def count_records(path: Path) -> int:
    """How many records there are: exactly for Parquet, else the lines, of which a CSV's record may take several."""
    reader = _reader(path)
    if reader is _read_parquet:
        return int(_parquet(path).metadata.num_rows)
    with _open_binary(path) as handle:
        lines = sum(block.count(b"\n") for block in iter(lambda: handle.read(2**20), b""))
    return max(0, lines - (1 if reader is _read_csv else 0))


def column_names(path: Path) -> list[str]:
    """The input's columns, in their order; those of the first record for JSON Lines."""
    reader = _reader(path)
    if reader is _read_parquet:
        return list(_parquet(path).schema_arrow.names)
    first = next(reader(path), None)
    return [] if first is None else list(first.columns)


def _reader(path: Path) -> Callable[[Path], Iterator[Record]]:
    readers = {".csv": _read_csv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
    if path.suffix.lower() not in readers:
        raise UserError(f"{path}: expected a file that ends in {', '.join(readers)}; convert it, or rename it")
    if not path.is_file():
        raise UserError(f"{path}: expected a file, there is none")
    return readers[path.suffix.lower()]


def _open_binary(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise UserError(f"{path}: expected a file that can be read: {error}") from error


def _read_csv(path: Path) -> Iterator[Record]:
    csv.field_size_limit(min(sys.maxsize, LARGEST_FIELD))
    # Bytes that are no UTF-8 become lone surrogates, by which the record is told.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as handle:
        reader = csv.reader(handle)
        head = next(reader, None)
        if not head:
            raise UserError(f"{path}: expected a header with the columns' names, the file is empty")
        if len(set(head)) < len(head):
            raise UserError(f"{path}:1: expected each column's name once, got {', '.join(head)}")
        number = 0
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                yield Record(number, {}, f"no CSV: {error}")
                continue
            number += 1
            columns = dict(zip(head, fields, strict=False))
            problem = None
            if len(fields) != len(head):
                problem = f"expected {len(head)} columns, got {len(fields)}"
            elif any(_broken(field) for field in fields):
                problem = "expected UTF-8, got other bytes"
            yield Record(number, columns, problem)


def _broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text) if not text.isascii() else False


def _read_jsonl(path: Path) -> Iterator[Record]:
    number = 0
    with _open_binary(path) as handle:
        for line in handle:
            if not line.strip():
                continue
            number += 1
            try:
                row = json.loads(line.decode("utf-8-sig"))
            except UnicodeDecodeError:
                yield Record(
                    number, {"line": line.decode("utf-8", "replace").strip()}, "expected UTF-8, got other bytes"
                )
                continue
            except (ValueError, RecursionError) as error:
                yield Record(number, {"line": line.decode("utf-8", "replace").strip()}, f"no JSON: {error}")
                continue
            if not isinstance(row, dict):
                yield Record(number, {"line": row}, f"expected a JSON object, got {type(row).__name__}")
                continue
            yield Record(number, row, None)


def _parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path}: expected a Parquet file, it cannot be read: {error}") from error


def _read_parquet(path: Path) -> Iterator[Record]:
    number = 0
    for batch in _parquet(path).iter_batches(batch_size=1024):
        for row in batch.to_pylist():
            number += 1
            yield Record(number, row, None)
