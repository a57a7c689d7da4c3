from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.training.yaml_file import parse_value, read_yaml


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": expected settings, as `key: value` lines, the file is empty"),
        (b"name: \x01\n", ":1: expected text, got the control character U+0001; take it out"),
        (bytes(range(1, 256)), ":2: expected a YAML file, which is text in UTF-8, it is a binary file"),
        (b"data: {path: a, path: b}\n", ":1: data.path: expected once, it is in line 1 too; keep one"),
        (b"# nothing but a comment\n", ": expected settings, as `key: value` lines, the file is empty"),
        (b"- a\n- b\n", ": expected settings, as `key: value` lines, got a list"),
        (b"hello\n", ": expected settings, as `key: value` lines, got one text"),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            ": expected a YAML file, which is text, it is a binary file",
        ),
        (b"PK\x03\x04\x14\0", ": expected a YAML file, which is text, it is a binary file"),
        (
            b"family: mvc\nname: caf\xe9\n",
            ":2: expected a YAML file, which is text in UTF-8, got other bytes; save it as UTF-8",
        ),
        (
            b"name: [a\nfamily: x\n",
            ":2: cannot be read as YAML: expected ',' or ']', but got ':' (it begins in line 1)",
        ),
        (b"data:\n\tcorpus: x\n", ":2: cannot be read as YAML: there is a tab; indent with spaces"),
        (b"name: a\n\tfamily: x\n", ":2: cannot be read as YAML: there is a tab; indent with spaces"),
        (b"name: a: b\n", ":1: cannot be read as YAML: a text that holds ': ' needs quotation marks"),
        (b'name: "a\nfamily: x\n', ":2: cannot be read as YAML: a quotation mark is not closed (it begins in line 1)"),
        (b"a: 1\n---\nb: 1\n", ":2: cannot be read as YAML: there is a second document"),
        (b"name: @a\n", ":1: cannot be read as YAML: a text that begins with this character needs quotation marks"),
        (b"name: !!python/object:os.system a\n", ":1: cannot be read as YAML: tags (!...) are not read"),
        (b"name: a\nfamily: x\nname: b\n", ":3: name: expected once, it is in line 1 too; keep one"),
        (b"data:\n  path: a\n  path: a\n", ":3: data.path: expected once, it is in line 2 too; keep one"),
        (b"stages:\n- epochs: 1\n  epochs: 2\n", ":3: stages.epochs: expected once, it is in line 2 too; keep one"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line_with_its_place(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "given.yaml"
    file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_yaml(str(file))
    assert str(caught.value).startswith(f"{file}{message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_suggests_the_nearest_and_a_folder_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "mvc-minilm.yaml").write_text("name: a\n")
    monkeypatch.chdir(tmp_path)
    for given in ("configs/mvc-minlm.yaml", "mvc-minilm.yaml", "configs/mvc-minilm", "mvc-minilm"):
        with pytest.raises(
            UserError, match=r"there is none \(you are in .*\); did you mean configs/mvc-minilm\.yaml\?$"
        ):
            read_yaml(given)
    with pytest.raises(UserError, match=r"zebra\.yaml: expected a YAML file, there is none \(you are in [^;]*$"):
        read_yaml("zebra.yaml")
    with pytest.raises(UserError, match=r"^configs: expected a YAML file, it is a folder; choose one of configs/mvc-"):
        read_yaml("configs")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_of_each_editor_is_read(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "given.yaml"
    file.write_text("name: λ\r\ndata:\r\n  path: x\r\n", encoding=encoding)
    read = read_yaml(str(file))
    assert read.values == {"name": "λ", "data": {"path": "x"}}
    assert read.place(("data", "path")) == f"{file}:3"
    assert read.place(("data", "corpus")) == f"{file}:2"
    assert read.place(("seeds",)) == str(file)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5), ("1E5", 1e5), ("-.5e3", -500.0), ("3.", 3.0), ("017", 17), ("1_000", 1000), ("0", 0),
        ("true", True), ("no", "no"), ("on", "on"), ("2024-05-12", "2024-05-12"), ("1:30", "1:30"), ("null", None),
        ("[17, 39]", [17, 39]), ("{a: 1}", {"a": 1}), ("1e", "1e"), ("a: b: c", "a: b: c"), ("", None),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


def test_an_anchor_may_be_merged_and_overridden(tmp_path: Path) -> None:
    file = tmp_path / "given.yaml"
    file.write_text("first: &one {epochs: 1, batch_size: 2}\nsecond:\n  <<: *one\n  epochs: 3\n")
    assert read_yaml(str(file)).values["second"] == {"epochs": 3, "batch_size": 2}
