"""Opens a text file in whatever encoding it has, compressed or not, and says what a file is that holds no text."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from pipelines.errors import UserError

LOOKED_AT = 4096  # bytes from the start
GZIP = b"\x1f\x8b"
# What a file begins with that is no text, and what to do with it.
OTHER = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV UTF-8",
    b"PAR1": "Parquet; rename it to end in .parquet",
    b"%PDF": "a PDF; save its text as a table",
    b"BZh": "bzip2; unpack it",
    b"\xfd7zXZ": "xz; unpack it",
    b"\x28\xb5\x2f\xfd": "zstd; unpack it",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
}
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
MANY_ZEROS = 0.3  # share of zero bytes that tells UTF-16 without a mark
NOT_UTF8 = "expected UTF-8, got other bytes; save the file as UTF-8, or name its encoding, such as --encoding=cp1252"


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """A file's bytes, unpacked where it is gzip. Raises UserError where it cannot be read."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP
            raw.seek(0)
            if not packed:
                yield raw
                return
            with gzip.open(raw) as unpacked:
                yield cast(IO[bytes], unpacked)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: expected a file that can be read whole: {error}") from error


def encoding_of(path: Path, given: str | None) -> str:
    """The encoding of a text file: `given`, else what its first bytes tell, else UTF-8.

    Raises UserError for an encoding that there is not, and for a file that holds no text.
    """
    with open_bytes(path) as handle:
        start = handle.read(LOOKED_AT)
    for magic, what in OTHER.items():
        if start.startswith(magic):
            raise UserError(f"{path}: expected a text file, it looks like {what}")
    if given is not None:
        try:
            return codecs.lookup(given).name
        except LookupError as error:
            raise UserError(f"--encoding: expected a name such as utf-8 or cp1252, got {given!r}") from error
    for mark, name in MARKS.items():
        if start.startswith(mark):
            return name
    even, odd = start[::2].count(0), start[1::2].count(0)
    if even + odd > MANY_ZEROS * max(1, len(start)):
        return "utf-16-be" if even > odd else "utf-16-le"
    return "utf-8"


@contextmanager
def open_text(path: Path, given: str | None) -> Iterator[IO[str]]:
    """A file's text with its line ends as they are. Bytes of another encoding become lone surrogates (`broken`).

    Raises UserError as `encoding_of` and `open_bytes` do.
    """
    encoding = encoding_of(path, given)
    with open_bytes(path) as handle:
        errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
        text = io.TextIOWrapper(handle, encoding=encoding, errors=errors, newline="")
        try:
            yield text
        finally:
            text.detach()


def broken(text: str) -> bool:
    """Whether bytes of another encoding are in `text`."""
    return not text.isascii() and any("\udc80" <= character <= "\udcff" for character in text)


def readable(value: Any) -> Any:
    """`value` with broken bytes of its texts replaced, so that it can be written."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if isinstance(value, str) else value
