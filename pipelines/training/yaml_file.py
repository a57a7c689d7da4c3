"""A YAML of settings: its values, the line of each key, and one clear line for what is wrong with the file."""

import codecs
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import UserError, nearest

KeyPath = tuple[str | int, ...]  # ("stages", 0, "epochs")
FIXES = {  # what the parser says -> what that means
    "mapping values are not allowed": "a text that holds ': ' needs quotation marks, and all keys need the same indent",
    "found unexpected end of stream": "a quotation mark is not closed",
    "found another document": "there is a second document; keep one, without --- between",
    "that cannot start any token": "a text that begins with this character needs quotation marks",
    "could not determine a constructor": "tags (!...) are not read; leave them out",
}
TAB = "there is a tab; indent with spaces"


class _Loader(yaml.SafeLoader):
    """YAML 1.2's scalars: 1e-5 is a number, 017 is 17, and no, on and 2024-05-12 stay texts."""


_Loader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9][0-9_]*", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_pattern})\Z"), ["" if one == "\0" else one for one in _first]
    )
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(str(node.value).replace("_", "")))


@dataclass(frozen=True)
class YamlFile:
    """path: as it was given. values: of the file. lines: path of keys -> line, from 1."""

    path: str
    values: dict[str, Any]
    lines: Mapping[KeyPath, int]

    def place(self, key: KeyPath) -> str:
        """Where a key is, as file:line; where it is not in the file itself, the place of what it would be in."""
        while key and key not in self.lines:
            key = key[:-1]
        return f"{self.path}:{self.lines[key]}" if key else self.path


def parse_value(text: str) -> Any:
    """The value that `text` means as YAML; the text itself where it is none. `17` -> 17, `[a, b]` -> ["a", "b"]."""
    try:
        return yaml.load(text, _Loader)  # a SafeLoader
    except (yaml.YAMLError, ValueError):
        return text


def read_yaml(path: str) -> YamlFile:
    """Read a YAML of settings.

    Raises UserError for a file that is missing, no text, empty, no YAML or no mapping, and for a key given twice.
    """
    text = _text(path)
    loader = _Loader(text)
    lines: dict[KeyPath, int] = {}
    try:
        node = loader.get_single_node()
        if node is None:
            raise UserError(f"{path}: expected settings, as `key: value` lines, the file is empty")
        _note_lines(node, (), path, lines)
        values = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise UserError(_broken(path, text, error)) from error
    except ValueError as error:  # of a scalar with a tag, such as !!int x
        raise UserError(f"{path}: expected YAML, {error}") from error
    finally:
        loader.dispose()
    if not isinstance(values, dict):
        came = "a list" if isinstance(values, list) else "one text" if isinstance(values, str) else repr(values)
        raise UserError(f"{path}: expected settings, as `key: value` lines, got {came}")
    return YamlFile(path, {str(key): value for key, value in values.items()}, lines)


def _text(path: str) -> str:
    file = Path(path)
    if file.is_dir():
        raise UserError(f"{path}: expected a YAML file, it is a folder{_among(file)}")
    if not file.is_file():
        near = nearest(file.stem, known := _known_files(file))
        meant = "" if near is None else f"; did you mean {known[near]}?"
        raise UserError(f"{path}: expected a YAML file, there is none (you are in {os.getcwd()}){meant}")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: expected a YAML file, it cannot be read: {error.strerror}") from error
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if b"\0" in content and not utf16:
        raise UserError(f"{path}: expected a YAML file, which is text, it is a binary file")
    try:
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        binary = sum(byte > 126 or byte < 9 for byte in content) > len(content) / 5
        came = "it is a binary file" if binary else "got other bytes; save it as UTF-8"
        raise UserError(f"{path}:{line}: expected a YAML file, which is text in UTF-8, {came}") from error
    if odd := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line = text[: odd.start()].count("\n") + 1
        raise UserError(f"{path}:{line}: expected text, got the control character U+{ord(odd[0]):04X}; take it out")
    return text


def _known_files(file: Path) -> dict[str, str]:
    """Paths of the YAML files beside `file` and in configs, by their names without .yaml."""
    found = [*Path("configs").rglob("*.yaml"), *file.parent.glob("*.y*ml")]
    return {one.stem: str(one) for one in found if one.is_file()}


def _among(folder: Path) -> str:
    names = sorted(str(one) for one in folder.glob("*.y*ml"))
    return f"; choose one of {', '.join(names[:6])}{', ...' if len(names) > 6 else ''}" if names else ""


def _note_lines(node: yaml.Node, key: KeyPath, path: str, lines: dict[KeyPath, int]) -> None:
    """Fill `lines`. Raises UserError for a key that a mapping has twice: the last would win, without a word."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            at, line = (*key, str(name.value)), name.start_mark.line + 1
            if at in lines and name.tag != "tag:yaml.org,2002:merge":
                dotted = dotted_key(at)
                raise UserError(f"{path}:{line}: {dotted}: expected once, it is in line {lines[at]} too; keep one")
            lines[at] = line
            _note_lines(value, at, path, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[*key, index] = item.start_mark.line + 1
            _note_lines(item, (*key, index), path, lines)


def dotted_key(key: KeyPath) -> str:
    """A key as flags and messages have it, without its place in a list: ("stages", 0, "epochs") -> stages.epochs."""
    return ".".join(part for part in key if isinstance(part, str))


def _broken(path: str, text: str, error: yaml.MarkedYAMLError) -> str:
    rows = text.splitlines() or [""]
    mark = error.problem_mark or error.context_mark
    line = min(0 if mark is None else mark.line, len(rows) - 1)
    said = " ".join(str(error.problem).split())
    began = error.context_mark
    if rows[line].lstrip(" ").startswith("\t") or "'\\t'" in said:
        problem = TAB
    else:
        problem = next((fix for words, fix in FIXES.items() if words in said), said)
    opened = f" (it begins in line {began.line + 1})" if began is not None and began.line < line else ""
    return f"{path}:{line + 1}: cannot be read as YAML: {problem}{opened}"
