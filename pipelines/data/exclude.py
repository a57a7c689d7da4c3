"""Ids that must not be used, from a file: what is kept for an external evaluation, or withdrawn."""

import json
from pathlib import Path

from pipelines.data.corpus import WHOLE_CORPUS, ReaderReport
from pipelines.data.text_files import optional_path, read_text_lines
from pipelines.errors import UserError

RESERVED = "data/reserved_ids.json"
FORMAT = 'a JSON object {"<corpus>": ["<id>", ...]} or a text file with one id a line'


def exclude_file(path: str | None) -> Path | None:
    """The file that an exclude_ids setting names: "auto" is data/reserved_ids.json, where there is one."""
    return optional_path(path, RESERVED)


def read_exclude_ids(path: str | None, corpus: str) -> frozenset[str]:
    """Read the ids that `corpus` must leave out; `None` for no file, "auto" as in `exclude_file`.

    A `.json` file holds an object of corpus name -> list of ids (a corpus that it does not name has none to leave out);
    any other file holds one id a line, for whichever corpus is read; blank lines and lines starting with # are ignored.

    Raises:
        UserError: the file is missing, is not of that form, or holds no ids at all.
    """
    file = exclude_file(path)
    if file is None:
        return frozenset()
    lines = read_text_lines(file, "a file of ids to exclude", f"give {FORMAT}")
    ids = _from_json(file, "\n".join(lines), corpus) if file.suffix == ".json" else _from_lines(lines)
    if ids is None:
        raise UserError(f"{file}: expected ids to exclude, came none; give {FORMAT}, or drop the exclude_ids setting")
    return ids


def note_excluded(report: ReaderReport, exclude: frozenset[str], found: set[str]) -> None:
    """Note how many ids were to be excluded and how many of them the corpus does not hold (a sign of a wrong file)."""
    report.note(WHOLE_CORPUS, "exclude_ids_given", len(exclude))
    report.note(WHOLE_CORPUS, "exclude_ids_not_in_corpus", len(exclude - found))


def _from_json(file: Path, text: str, corpus: str) -> frozenset[str] | None:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{file}:{error.lineno}: expected JSON, came {error.msg}; give {FORMAT}") from error
    if not isinstance(content, dict):
        raise UserError(f"{file}: expected a JSON object, came a {type(content).__name__}; give {FORMAT}")
    for name, ids in content.items():
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise UserError(f'{file}: expected a list of strings under "{name}", came something else; give {FORMAT}')
    if not any(content.values()):
        return None
    return frozenset(content.get(corpus, []))


def _from_lines(lines: list[str]) -> frozenset[str] | None:
    ids = (line.strip() for line in lines)
    return frozenset(one for one in ids if one and not one.startswith("#")) or None
