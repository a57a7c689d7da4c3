"""Lines of text files, in UTF-8 or another encoding."""

from pathlib import Path

import pytest

from pipelines.data.text_files import read_text_lines
from pipelines.errors import UserError


def test_utf8_unless_said_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("\ufeffé …\r\nb".encode())
    assert read_text_lines(file, "a text", "write one") == ["é …", "b"]
    file.write_bytes("a\né".encode("cp1252"))
    with pytest.raises(UserError, match=r"a\.txt:2: expected UTF-8 text, came the byte 0xe9; save the file as UTF-8"):
        read_text_lines(file, "a text", "write one")


def test_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"wait\x85 it\x92s\r\ncaf\xe9\n")
    assert read_text_lines(file, "a text", "write one", encoding="cp1252") == ["wait… it’s", "café", ""]
    file.write_bytes(b"a\nb\n\x81")  # a byte that cp1252 gives no character
    with pytest.raises(UserError, match=r"a\.txt:3: expected CP1252 text, came the byte 0x81; .*, or write one"):
        read_text_lines(file, "a text", "write one", encoding="cp1252")
