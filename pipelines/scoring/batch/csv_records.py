"""Reads CSV a record at a time. A quotation mark that is never closed costs its own record, and no other."""

import csv
import re
import sys
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from pipelines.errors import UserError
from pipelines.scoring.batch.records import Record
from pipelines.scoring.batch.text_files import NOT_UTF8, broken, open_text, readable

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\s*')  # the first line that Excel writes and reads
MOST_LINES = 20_000  # of one record; more is a quotation mark that is never closed
UNCLOSED = "a quotation mark that is never closed"
# The corpus of that name is written without quotation marks, and some of its rows have a column more than its header.
UNQUOTED_HEAD = ["conv_id", "utterance_idx", "context", "prompt", "speaker_idx", "utterance"]


class Lines:
    """The lines of a file, which can be given back, with the number of the one that comes next."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines, self.waiting, self.number = iter(lines), deque[str](), 1

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self.waiting.popleft() if self.waiting else next(self.lines)
        self.number += 1
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        """Let `lines` come again."""
        self.waiting.extendleft(reversed(lines))
        self.number -= len(lines)


def read_csv(path: Path, delimiter: str | None, encoding: str | None, wanted: Collection[str]) -> Iterator[Record]:
    """The records of a CSV file. Blank lines are none.

    delimiter: None finds it in the header. wanted: names of columns by which the right one is told. Raises UserError
    where there is no header, or a column's name stands twice in it.
    """
    csv.field_size_limit(sys.maxsize)
    with open_text(path, encoding) as handle:
        lines = Lines(handle)
        head, width, delimiter = _head(path, lines, delimiter, wanted)
        unquoted = head[: len(UNQUOTED_HEAD)] == UNQUOTED_HEAD
        number = 0
        while True:
            at = lines.number
            try:
                fields, problem = _fields(lines, delimiter, len(head), unquoted)
            except StopIteration:
                return
            if problem is None and not any(field.strip() for field in fields):
                continue
            number += 1
            if unquoted or (len(fields) == width and not any(field.strip() for field in fields[len(head) :])):
                fields = fields[: len(head)]
            if problem is None and len(fields) != len(head):
                problem = f"expected {len(head)} columns, got {len(fields)}"
            if any(map(broken, fields)):
                fields, problem = [readable(field) for field in fields], problem or NOT_UTF8
            yield Record(number, dict(zip(head, fields, strict=False)), problem, at)


def csv_columns(path: Path, delimiter: str | None, encoding: str | None, wanted: Collection[str]) -> list[str]:
    """The columns' names. Raises UserError as `read_csv` does."""
    with open_text(path, encoding) as handle:
        return _head(path, Lines(handle), delimiter, wanted)[0]


def _head(path: Path, lines: Lines, given: str | None, wanted: Collection[str]) -> tuple[list[str], int, str]:
    """The header's names, how many cells it has with the empty ones at its end, and the delimiter."""
    delimiter = None if given is None else DELIMITER_NAMES.get(given.lower(), given)
    if delimiter is not None and len(delimiter) != 1:
        raise UserError(f"--delimiter: expected one character, or tab, got {given!r}")
    for line in lines:
        if separator := SEPARATOR_LINE.fullmatch(line):
            delimiter = delimiter or separator[1]
            continue
        if not line.strip("\ufeff \t\r\n"):
            continue
        lines.give_back([line.removeprefix("\ufeff")])
        break
    else:
        raise UserError(f"{path}: expected a header with the columns' names, and rows, got no rows: the file is empty")
    at = lines.number
    tried = {one: _names(lines, one) for one in ([delimiter] if delimiter else DELIMITERS)}
    names = {name.casefold() for name in wanted}
    found = max(tried, key=lambda one: (sum(name.casefold() in names for name in tried[one]), len(tried[one])))
    head = tried[found]
    _fields(lines, found, len(head), unquoted=False)
    width = len(head)
    while head and not head[-1]:
        head.pop()
    twice = sorted({name for name in head if head.count(name) > 1})
    if twice:
        raise UserError(f"{path}:{at}: expected each column's name once, got {', '.join(map(repr, twice))} twice")
    return head, width, found


def _names(lines: Lines, delimiter: str) -> list[str]:
    first = next(lines)
    lines.give_back([first])
    return [readable(name).strip() for name in next(csv.reader([first], delimiter=delimiter, skipinitialspace=True))]


def _fields(lines: Lines, delimiter: str, columns: int, unquoted: bool) -> tuple[list[str], str | None]:
    """The fields of the next record, and why it is none. Raises StopIteration at the end."""
    first = next(lines)
    if unquoted or '"' not in first:
        return first.rstrip("\r\n").split(delimiter), None
    taken = [first]

    def more() -> Iterator[str]:
        yield first
        while len(taken) < MOST_LINES and (line := next(lines, None)) is not None:
            taken.append(line)
            yield line

    # Spaces after a delimiter, before the quotation mark, are what some programs write.
    spaced = re.search(rf'{re.escape(delimiter)} +"', first) is not None
    try:
        fields = next(csv.reader(more(), delimiter=delimiter, strict=True, skipinitialspace=spaced))
    except csv.Error as error:
        lines.give_back(taken[1:])
        fields = next(csv.reader([first.rstrip("\r\n").replace('"', "")], delimiter=delimiter))
        if len(taken) > 1 or "unexpected end" in str(error):
            return fields, UNCLOSED
        return fields, "a quotation mark inside a quoted cell: write it twice"
    if len(taken) > 1 and _swallowed(taken, delimiter, columns, len(fields)):
        lines.give_back(taken[1:])
        return next(csv.reader([first.rstrip("\r\n").replace('"', "")], delimiter=delimiter)), UNCLOSED
    return fields, None


def _swallowed(taken: Sequence[str], delimiter: str, columns: int, found: int) -> bool:
    """Whether the lines of a record that ends well are rows of their own, which a mark that should not be there joined.

    Text that is broken into lines has blank lines, lines of any number of delimiters, and spaces after them. Rows have
    not.
    """
    inner = [line.rstrip("\r\n") for line in taken[1:-1]]
    rows = [line.split(delimiter) for line in inner]
    if rows:
        return all(len(row) == columns and not any(cell[:1].isspace() or not cell for cell in row) for row in rows)
    last = taken[-1].split('"')[0].split(delimiter)  # what stands before the mark that closes
    before = taken[0].split('"')[0].count(delimiter)  # delimiters before the one that opens
    if found == columns and before == 0:
        return False
    return len(last) == before + 1 and len(last) > 1 and not any(cell[:1].isspace() or not cell for cell in last)
