"""A CSV as people have it: other delimiters and encodings, blank and ragged rows, quotation marks that do not close."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.scoring.batch.conversations import InputSettings, Item
from pipelines.scoring.batch.source import Source

BIKE, OH = "My bike was stolen.", "Oh no, did you need it?"
UNCLOSED = "a quotation mark that is never closed"


def items(path: Path, **settings: Any) -> list[Item]:
    source = Source(path, InputSettings(**settings))
    found = list(source.items())
    assert len(found) == source.total
    return found


def read(folder: Path, text: str | bytes, name: str = "in.csv", **settings: Any) -> list[Item]:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return items(folder / name, **settings)


def pairs(found: list[Item]) -> list[tuple[str, str]]:
    return [(item.context, item.response) for item in found if item.problem is None]


def problems(found: list[Item]) -> list[tuple[int | None, str]]:
    return [(item.line, item.problem) for item in found if item.problem is not None]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f'context;response\n{BIKE};"{OH}"\n', "in.csv"),
        (f"context\tresponse\n{BIKE}\t{OH}\n", "in.csv"),
        (f"context\tresponse\n{BIKE}\t{OH}\n", "in.tsv"),
        (f"context|response\n{BIKE}|{OH}\n", "in.csv"),
        (f'sep=;\r\ncontext;response\r\n{BIKE};"{OH}"\r\n', "in.csv"),
        (f'\ufeffcontext,response\n{BIKE},"{OH}"\n', "in.csv"),
        (f'\ufeffsep=,\ncontext,response\n{BIKE},"{OH}"\n', "in.csv"),
        (f'\n\n Context , Response \n\n{BIKE},"{OH}"\n\n\n', "in.csv"),
        (f'context, response\n{BIKE}, "{OH}"\n', "in.csv"),
        (f'context,response,,\n{BIKE},"{OH}",,\n,,,\n', "in.csv"),
        (f'"context","response"\r{BIKE},"{OH}"\r', "in.csv"),
        (f'context,response\n{BIKE},"{OH}"\n'.encode("utf-16"), "in.csv"),
        (f'context,response\n{BIKE},"{OH}"\n'.encode("utf-16-le"), "in.csv"),
        (gzip.compress(f'context,response\n{BIKE},"{OH}"\n'.encode(), mtime=0), "in.csv"),
        (gzip.compress(f'context,response\n{BIKE},"{OH}"\n'.encode(), mtime=0), "in.csv.gz"),
    ],
)
def test_forms_that_are_read(tmp_path: Path, text: str | bytes, name: str) -> None:
    found = read(tmp_path, text, name)
    assert (pairs(found), problems(found)) == ([(BIKE, OH)], [])


def test_an_encoding_is_named(tmp_path: Path) -> None:
    text = 'context,response\nMein Fahrrad wurde gestohlen – schön.,"Größe"\nx,y\n'.encode("cp1252")
    found = read(tmp_path, text)
    assert pairs(found) == [("x", "y")]
    ((line, problem),) = problems(found)
    assert line == 2
    assert "expected UTF-8, got other bytes" in problem and "--encoding=cp1252" in problem
    assert pairs(read(tmp_path, text, encoding="cp1252"))[0] == ("Mein Fahrrad wurde gestohlen – schön.", "Größe")
    with pytest.raises(UserError, match="--encoding: expected a name such as utf-8 or cp1252, got 'latin99'"):
        read(tmp_path, text, encoding="latin99")


def test_a_delimiter_is_named(tmp_path: Path) -> None:
    assert pairs(read(tmp_path, f"context~response\n{BIKE}~{OH}\n", delimiter="~")) == [(BIKE, OH)]
    assert pairs(read(tmp_path, f"context\tresponse\n{BIKE}\t{OH}\n", delimiter="tab")) == [(BIKE, OH)]
    with pytest.raises(UserError, match="--delimiter: expected one character, or tab, got '::'"):
        read(tmp_path, "context,response\na,b\n", delimiter="::")


@pytest.mark.parametrize(
    ("text", "wanted", "lines"),
    [
        # to the end of the file
        ('context,response\na,b\nc,"So sorry\nd,e\nf,g\n', [("a", "b"), ("d", "e"), ("f", "g")], [3]),
        # to the next cell that is quoted
        ('context,response\n"a,b\nc,d\ne,"Great, well done!"\n', [("c", "d"), ("e", "Great, well done!")], [2]),
        # to a mark that ends a line far below: the rows between are rows
        ('context,response\na,"Oh no\nc,d\ne,f\ng,he said no"\nh,i\n', [("c", "d"), ("e", "f"), ("h", "i")], [2]),
        # twice
        ('context,response\na,"b\nc,d\ne,"f\ng,h\n', [("c", "d"), ("g", "h")], [2, 4]),
        # in the last row
        ('context,response\na,b\nc,"d', [("a", "b")], [3]),
        # three columns, the mark in the middle one
        ('id,context,response\n1,"a,b\n2,c,d\n3,e,"f, g"\n', [("c", "d"), ("e", "f, g")], [2]),
    ],
)
def test_a_mark_that_is_never_closed_costs_its_own_row(
    tmp_path: Path, text: str, wanted: list[tuple[str, str]], lines: list[int]
) -> None:
    found = read(tmp_path, text)
    rows = [pair for pair in pairs(found) if '"' not in pair[1]]
    assert rows == wanted
    assert [line for line, problem in problems(found) if problem == UNCLOSED] == lines
    assert not any("\n" in value for item in found for value in item.columns.values())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('context,response\n"My bike\nwas stolen.",Oh no.\na,b\n', [("My bike\nwas stolen.", "Oh no."), ("a", "b")]),
        ('context,response\na,"Oh no.\n\nI am sorry, really.\nBye"\nc,d\n',
         [("a", "Oh no.\n\nI am sorry, really.\nBye"), ("c", "d")]),
        ('context,response\n"Hello, you\nthere, friend","Hi, you\nbye, friend"\n',
         [("Hello, you\nthere, friend", "Hi, you\nbye, friend")]),
        ('context,response\na,"He said ""no"",\nand left"\n', [("a", 'He said "no",\nand left')]),
        ('context,response\na,5" pipe\nb,c\n', [("a", '5" pipe'), ("b", "c")]),
        ('id,context,response\n1,"a\r\n\r\nb","c\r\nd"\r\n2,e,f\r\n', [("a\r\n\r\nb", "c\r\nd"), ("e", "f")]),
    ],
)  # fmt: skip
def test_cells_of_several_lines_stay_whole(tmp_path: Path, text: str, wanted: list[tuple[str, str]]) -> None:
    found = read(tmp_path, text)
    assert (pairs(found), problems(found)) == (wanted, [])


def test_a_mark_inside_a_quoted_cell_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, 'context,response\na,"She said "hi" to me"\nb,c\n')
    assert pairs(found) == [("b", "c")]
    assert problems(found) == [(2, "a quotation mark inside a quoted cell: write it twice")]


def test_the_first_row_decides_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, f'context,response,note\nragged\n{BIKE},"{OH}",ok\n{BIKE},{OH},,\n')
    assert pairs(found) == [(BIKE, OH)]
    assert problems(found) == [(2, "expected 3 columns, got 1"), (4, "expected 3 columns, got 5")]


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "context,response\n", "context,response", "sep=,\n"])
def test_no_rows_are_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match="no rows"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"PK\x03\x04", "an Excel workbook; unpack it, or save the sheet as CSV UTF-8"),
        (b"PAR1", "Parquet; rename it to end in .parquet"),
        (b"%PDF-1.7", "a PDF"),
    ],
)
def test_what_is_no_text_is_called_by_its_name(tmp_path: Path, start: bytes, what: str) -> None:
    with pytest.raises(UserError, match=f"expected a text file, it looks like .*{what}"):
        read(tmp_path, start + b"\x00" * 50)


def test_a_damaged_gzip(tmp_path: Path) -> None:
    whole = gzip.compress(f"context,response\n{BIKE},{OH}\n".encode() * 500)
    with pytest.raises(UserError, match="expected a file that can be read whole"):
        read(tmp_path, whole[: len(whole) // 2], "in.csv.gz")


def test_names_of_columns(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected each column's name once, got 'a' twice"):
        read(tmp_path, "context,response,a,a\n1,2,3,4\n")
    assert pairs(read(tmp_path, f"said,answer\n{BIKE},x\n", context="said", response="answer")) == [(BIKE, "x")]
    with pytest.raises(UserError, match="expected a column 'sad', got said, answer; name yours with --context"):
        read(tmp_path, "said,answer\na,b\n", context="sad", response="answer")
    with pytest.raises(UserError, match=r"expected a column 'context' and a column 'response'.* got a, b; name yours"):
        read(tmp_path, "a,b\n1,2\n")


def test_line_ends_that_only_unicode_knows_end_no_row(tmp_path: Path) -> None:
    text = "context,response\nMy bike\u2028was\x0bstolen.,Oh no!\n"
    assert pairs(read(tmp_path, text)) == [("My bike\u2028was\x0bstolen.", "Oh no!")]
