"""A file of any kind as items to score: the same ones, in the same order, each time that it is read."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.errors import UserError
from pipelines.scoring.batch.chat_export import read_messages
from pipelines.scoring.batch.conversations import (
    TURN_COLUMNS,
    InputSettings,
    Item,
    Layout,
    Pairs,
    layout_of,
    merged,
    pairs_of,
    turn_columns,
)
from pipelines.scoring.batch.csv_records import csv_columns, read_csv
from pipelines.scoring.batch.records import Record, open_parquet, read_json, read_jsonl, read_parquet
from pipelines.scoring.batch.text_files import open_text

KINDS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".txt": "text",
}
HASHED = 2**20  # bytes at each end of the input
CHUNK = 1024  # values whose type is found together


class Source:
    """What there is to score in a file.

    layout: what its records are. columns: the items' own, in the order in which they come up. total: items. types: of
    the columns as Parquet holds them; None for one that it cannot hold as it is.
    """

    def __init__(self, path: Path, settings: InputSettings) -> None:
        """Read the file once. Raises UserError where there is nothing in it that could be scored."""
        self.path, self.settings = path, settings
        self.kind = kind_of(path)
        self.layout: Layout | None = None
        survey = Survey()
        if self.kind == "text":
            survey.add(self.items())
        elif self.kind == "parquet":
            self.layout = layout_of(open_parquet(path).schema_arrow.names, settings, str(path))
            if isinstance(self.layout, Pairs):
                survey.columns = dict.fromkeys(open_parquet(path).schema_arrow.names)
                survey.total = int(open_parquet(path).metadata.num_rows)
            else:
                survey.add(self.items())
        else:
            self._survey_records(survey)
        if not survey.total:
            raise UserError(f"{path}: expected rows to score, got no rows")
        self.columns, self.total, self.types = list(survey.columns), survey.total, survey.types()

    def _survey_records(self, survey: "Survey") -> None:
        if self.kind == "csv":
            wanted = self.settings.known_columns()
            names = csv_columns(self.path, self.settings.delimiter, self.settings.encoding, wanted)
            self.layout = layout_of(names, self.settings, str(self.path))
            survey.columns = dict.fromkeys(names) if isinstance(self.layout, Pairs) else {}
            survey.add(self.items())
            return
        first_problem: str | None = None
        of_records = Survey()
        for record in self._records():
            first_problem = first_problem or record.problem
            of_records.add([Item(*record)])
        if of_records.total and not of_records.columns:
            raise UserError(f"{self.path}: expected JSON objects, no record is one; the first: {first_problem}")
        if not of_records.total:
            return
        self.layout = layout_of(list(of_records.columns), self.settings, str(self.path))
        if isinstance(self.layout, Pairs):
            vars(survey).update(vars(of_records))
        else:
            survey.add(self.items())

    def describe(self) -> str:
        """How the file is read, for the terminal."""
        if self.layout is None:
            who = repr(self.settings.listener) if self.settings.listener else "the one who answers first"
            return f"the messages of a conversation; every turn of {who} is scored"
        return self.layout.describe()

    def items(self) -> Iterator[Item]:
        """What is scored or rejected."""
        if self.layout is None:
            return self._of_a_conversation()
        return self.layout.items(self._records())

    def _records(self) -> Iterator[Record]:
        if self.kind == "csv":
            settings = self.settings
            return read_csv(self.path, settings.delimiter, settings.encoding, settings.known_columns())
        if self.kind == "parquet":
            return read_parquet(self.path)
        return (read_json if self.kind == "json" else read_jsonl)(self.path, self.settings.encoding)

    def _of_a_conversation(self) -> Iterator[Item]:
        """The turns of a text export. It is read whole. Raises UserError where it is none."""
        with open_text(self.path, self.settings.encoding) as handle:
            lines = handle.read().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if not any(line.strip() for line in lines):
            return
        try:
            messages = read_messages(lines)
            authors = {message.line: message.author for message in messages}
            turns = merged(messages, self.settings.listener)
            pairs = list(pairs_of([turn for turn, _ in turns]))
        except UserError as error:
            raise UserError(f"{self.path}: {error}") from error
        for number, (place, context, response) in enumerate(pairs, start=1):
            line = turns[place][1]
            columns = {"author": authors[line]} | turn_columns(place, context, response)
            yield Item(number, columns, None, line, context, response)

    def identity(self) -> dict[str, Any]:
        """What the scored items depend on. Of the file its size and ends, since one of many gigabytes is not hashed."""
        size = self.path.stat().st_size
        digest = hashlib.sha256(str(size).encode())
        with self.path.open("rb") as handle:
            digest.update(handle.read(HASHED))
            handle.seek(max(0, size - HASHED))
            digest.update(handle.read(HASHED))
        return {"input": digest.hexdigest(), "kind": self.kind, "settings": asdict(self.settings)}

    @property
    def added(self) -> tuple[str, ...]:
        """The names of columns that the layout adds."""
        return TURN_COLUMNS if self.layout is None else self.layout.added


def kind_of(path: Path) -> str:
    """What a file is, by its name. Raises UserError where there is none, or it is of no kind that can be read."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    suffix = (suffixes[:-1] if packed else suffixes)[-1:] or [""]
    if not path.is_file():
        raise UserError(f"{path}: expected a file, there is {'a folder' if path.is_dir() else 'none'}")
    if suffix[0] not in KINDS or (packed and KINDS[suffix[0]] == "parquet"):
        raise UserError(f"{path}: expected a file that ends in {', '.join(KINDS)}; convert it, or rename it")
    return KINDS[suffix[0]]


class Survey:
    """How many items there are, their columns, and the columns' types."""

    def __init__(self) -> None:
        self.total = 0
        self.columns: dict[str, None] = {}
        self._texts_only: dict[str, bool] = {}
        self._found: dict[str, pa.DataType | None] = {}
        self._waiting: dict[str, list[Any]] = {}

    def add(self, items: Iterable[Item]) -> None:
        """Look at items; those with a problem count, and are not written."""
        for item in items:
            self.total += 1
            if item.problem is not None:
                continue
            for name, value in item.columns.items():
                if name not in self.columns:
                    self.columns[name] = None
                if type(value) is str and self._texts_only.setdefault(name, True):
                    self._waiting.setdefault(name, [value])  # one stands for all
                else:
                    self._texts_only[name] = False
                    self._note(name, value)

    def _note(self, name: str, value: Any) -> None:
        values = self._waiting.setdefault(name, [])
        values.append(value)
        if len(values) >= CHUNK:
            self._settle(name)

    def _settle(self, name: str) -> None:
        values, self._waiting[name] = self._waiting.get(name, []), []
        if name in self._found and self._found[name] is None:
            return
        self._found[name] = _common(self._found.get(name, pa.null()), _type(values))

    def types(self) -> dict[str, pa.DataType | None]:
        """The type of each column, None for one that Parquet cannot hold as it is."""
        for name in self.columns:
            if self._texts_only.get(name, True):
                self._found[name] = pa.string()
            else:
                self._settle(name)
        return {name: self._found[name] for name in self.columns}


def _type(values: list[Any]) -> pa.DataType | None:
    try:
        found = pa.array(values).type
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return None
    return None if _holds_nothing(found) else found


def _common(one: pa.DataType | None, other: pa.DataType | None) -> pa.DataType | None:
    if one is None or other is None:
        return None
    try:
        schemas = [pa.schema([("value", kind)]) for kind in (one, other)]
        return pa.unify_schemas(schemas, promote_options="permissive").field("value").type
    except pa.ArrowException:
        return None


def _holds_nothing(kind: pa.DataType) -> bool:
    """Whether a record without fields is in it, which Parquet does not have."""
    if pa.types.is_struct(kind):
        return kind.num_fields == 0 or any(_holds_nothing(kind.field(place).type) for place in range(kind.num_fields))
    return pa.types.is_list(kind) and _holds_nothing(kind.value_type)
