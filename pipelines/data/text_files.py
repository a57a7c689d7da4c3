"""Text files of a corpus, read with errors that name the file, the line and what to do."""

from pathlib import Path

from pipelines.errors import UserError

AUTO = "auto"  # in the place of a path: the file that everybody has at one place, where it is there


def optional_path(value: str | None, usual: str) -> Path | None:
    """The path that a setting names: `usual` for "auto", None where that is not there, or where no path is given."""
    if value == AUTO:
        return Path(usual) if Path(usual).exists() else None
    return None if value is None else Path(value)


def read_text_lines(file: Path, what: str, fix: str, encoding: str = "utf-8") -> list[str]:
    """Return the lines of `file` without their ends, lines[0] being line 1.

    Raises:
        UserError: `file`, which is `what`, cannot be opened or is not in `encoding`; `fix` says what to do.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: expected {what}, came {error.strerror}; {fix}") from error
    return decode_lines(str(file), data, fix, encoding)


def decode_lines(name: str, data: bytes, fix: str, encoding: str = "utf-8") -> list[str]:
    """Return the lines of `data`, UTF-8 with or without a byte order mark, LF or CRLF; `name` is for the error."""
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        raise UserError(
            f"{name}:{line}: expected {encoding.upper()} text, came the byte 0x{byte:02x}; save the file as "
            f"{encoding.upper()}, or {fix}"
        ) from error
    # Not splitlines(): corpora hold other characters that Python takes for line ends, such as U+2028.
    return [line.removesuffix("\r") for line in text.split("\n")]


def shorten(value: str) -> str:
    """Quote `value` for an error message, cut at 40 characters."""
    return repr(value if len(value) <= 40 else value[:40] + "...")
