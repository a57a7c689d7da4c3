"""A record of a file, and the readers of JSON Lines, JSON and Parquet, so that a file may be larger than memory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import UserError
from pipelines.scoring.batch.text_files import NOT_UTF8, encoding_of, open_bytes, open_text
from pipelines.scoring.turns import without_halves

ROWS = 1024  # of a Parquet file that are read together


class Record(NamedTuple):
    """A row of a file: its number from 1, its columns, why it cannot be read (None where it can), and its line."""

    number: int
    columns: dict[str, Any]
    problem: str | None
    line: int | None = None


def read_jsonl(path: Path, encoding: str | None) -> Iterator[Record]:
    """The objects of a file with one a line. Blank lines are none. Raises UserError where the file is no text."""
    name = encoding_of(path, encoding)
    if name.startswith(("utf-16", "utf-32")):
        with open_text(path, encoding) as text:
            yield from _objects((line.encode("utf-8", "surrogatepass") for line in text), "utf-8")
        return
    with open_bytes(path) as handle:
        yield from _objects(handle, "utf-8-sig" if name == "utf-8" else name)


def _objects(lines: Iterator[bytes] | Any, encoding: str) -> Iterator[Record]:
    number = 0
    for place, line in enumerate(lines, start=1):
        if not line.strip(b"\xef\xbb\xbf \t\r\n\x00"):
            continue
        number += 1
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            yield Record(number, {"line": line.decode("utf-8", "replace").strip()}, NOT_UTF8, place)
            continue
        try:
            row = _loaded(text)
        except (ValueError, RecursionError) as error:
            yield Record(number, {"line": without_halves(text.strip())}, f"no JSON: {error}", place)
            continue
        yield _record(number, row, place)


def _record(number: int, row: Any, line: int | None) -> Record:
    if isinstance(row, dict):
        return Record(number, row, None, line)
    return Record(number, {"line": row}, f"expected a JSON object, got {type(row).__name__}", line)


def read_json(path: Path, encoding: str | None) -> Iterator[Record]:
    """The objects of a JSON file: a list of them, or one. It is read whole. Raises UserError where it is no JSON."""
    with open_text(path, encoding) as handle:
        text = handle.read().removeprefix("\ufeff")
    try:
        found = _loaded(text)
    except (ValueError, RecursionError) as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines[:2]):
            raise UserError(f"{path}: expected JSON, it looks like JSON Lines; rename it to end in .jsonl") from error
        raise UserError(f"{path}: expected a list of JSON objects: {error}") from error
    for number, row in enumerate(found if isinstance(found, list) else [found], start=1):
        yield _record(number, row, None)


def _loaded(text: str) -> Any:
    """JSON as Python has it, with null for NaN, which JSON does not have. Raises ValueError for a key given twice."""
    found = json.loads(text, object_pairs_hook=_once, parse_constant=lambda _: None)
    # Half an emoji can be written in JSON, but is no text that a file could hold.
    return _mended(found) if "\\ud" in text or "\\uD" in text else found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"a key is given twice: {next(name for name in names if names.count(name) > 1)}")
    return found


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return without_halves(value)
    if isinstance(value, list):
        return [_mended(one) for one in value]
    if isinstance(value, dict):
        return {without_halves(key): _mended(one) for key, one in value.items()}
    return value


def open_parquet(path: Path) -> pq.ParquetFile:
    """Raises UserError where the file is broken, or has two columns of one name."""
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path}: expected a Parquet file, it cannot be read: {error}") from error
    names = file.schema_arrow.names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(
            f"{path}: expected each column's name once, got {', '.join(map(repr, twice))} twice; rename one"
        )
    return file


def read_parquet(path: Path) -> Iterator[Record]:
    """The rows of a Parquet file. Raises UserError as above, and where a part of it cannot be read."""
    number = 0
    try:
        for batch in open_parquet(path).iter_batches(batch_size=ROWS):
            for row in batch.to_pylist():
                number += 1
                yield Record(number, row, None)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path}: expected a whole Parquet file, row {number + 1} cannot be read: {error}") from error
