"""Files of ids to leave out."""

from pathlib import Path

import pytest

from pipelines.data.exclude import read_exclude_ids
from pipelines.data.goemotions import goemotions_path
from pipelines.errors import UserError


def test_no_file_excludes_nothing() -> None:
    assert read_exclude_ids(None, "sample") == frozenset()


def test_json_and_lines(tmp_path: Path) -> None:
    by_corpus = tmp_path / "ids.json"
    by_corpus.write_text('{"sample": ["a", "b"], "goemotions": ["c"]}')
    assert read_exclude_ids(str(by_corpus), "sample") == {"a", "b"}
    assert read_exclude_ids(str(by_corpus), "empatheticdialogues") == frozenset()
    lines = tmp_path / "ids.txt"
    lines.write_text("# withdrawn\n a \r\n\nb\n")
    assert read_exclude_ids(str(lines), "sample") == {"a", "b"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("ids.json", '{"sample": ["a",\n}', r"ids\.json:2: expected JSON"),
        ("ids.json", '["a"]', r"ids\.json: expected a JSON object, came a list"),
        ("ids.json", '{"sample": [1]}', 'expected a list of strings under "sample"'),
        ("ids.json", '{"sample": []}', "expected ids to exclude, came none"),
        ("ids.txt", "# nothing\n", "expected ids to exclude, came none"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message):
        read_exclude_ids(str(tmp_path / name), "sample")


def test_a_missing_file_and_a_wrong_encoding(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ids\.txt: expected a file of ids to exclude, came No such file"):
        read_exclude_ids(str(tmp_path / "ids.txt"), "sample")
    (tmp_path / "ids.txt").write_bytes(b"a\nb\nc\xe9\n")
    with pytest.raises(UserError, match=r"ids\.txt:3: expected UTF-8 text"):
        read_exclude_ids(str(tmp_path / "ids.txt"), "sample")


def test_auto_is_the_usual_file_where_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_exclude_ids("auto", "sample") == frozenset()
    assert goemotions_path("auto") is None
    (tmp_path / "data" / "goemotions").mkdir(parents=True)
    (tmp_path / "data" / "reserved_ids.json").write_text('{"sample": ["a"]}')
    assert read_exclude_ids("auto", "sample") == {"a"}
    assert goemotions_path("auto") == "data/goemotions"
    assert goemotions_path("elsewhere") == "elsewhere"
    with pytest.raises(UserError, match="nowhere.json: expected a file of ids to exclude"):
        read_exclude_ids("nowhere.json", "sample")
