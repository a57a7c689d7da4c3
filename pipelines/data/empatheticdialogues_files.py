"""The lines of EmpatheticDialogues, from wherever they are kept: a folder, an archive, parquet files, or the Hub."""

import csv
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import pyarrow
import pyarrow.parquet

from pipelines.data.dialogue import SPLITS, clean_text
from pipelines.data.text_files import decode_lines, read_text_lines, shorten
from pipelines.errors import UserError

ARCHIVE_URL = "https://dl.fbaipublicfiles.com/parlai/empatheticdialogues/empatheticdialogues.tar.gz"
HUB_ID = "facebook/empathetic_dialogues"
HUB_REVISION = "refs/convert/parquet"  # the main branch holds only a script, which datasets >= 4 does not run
COLUMNS = ("conv_id", "utterance_idx", "context", "prompt", "speaker_idx", "utterance", "selfeval", "tags")
NEEDED = 6  # conv_id ... utterance; a row without selfeval and tags can still be used
FIX = f"fetch it with: empathy data empatheticdialogues (or give the folder or archive of {ARCHIVE_URL})"


class SplitLines(NamedTuple):
    """The lines of one split, cut at commas, each with its number in the file `name`."""

    name: str
    lines: Iterable[tuple[int, list[str]]]
    saved_again: int | None = None  # the first line with quotation marks, where a program put them round the texts


def open_corpus(path: str | None) -> dict[str, SplitLines]:
    """Find the three splits in `path`, as read_empatheticdialogues describes it.

    Raises:
        UserError: there is no such place, a split is missing, or a file cannot be read.
    """
    if path is None:
        raise UserError(f"empatheticdialogues: expected a path to the corpus, came none; {FIX}, or give 'hub'")
    if path == "hub":
        return _from_hub()
    place = Path(path)
    if place.is_file() and place.name.endswith((".tar", ".tar.gz", ".tgz")):
        return _from_archive(place)
    if not place.is_dir():
        came = "another kind of file" if place.exists() else "no such file or folder"
        raise UserError(f"{place}: expected a folder or a .tar, .tar.gz or .tgz of the corpus, came {came}; {FIX}")
    parquet = sorted(place.rglob("*.parquet"))
    return _from_parquet(place, parquet) if parquet else _from_folder(place)


def _from_folder(folder: Path) -> dict[str, SplitLines]:
    sources = {}
    for split in SPLITS:
        file = folder / f"{split}.csv"
        sources[split] = _from_csv(str(file), read_text_lines(file, f"the {split} split", FIX))
    return sources


def _from_archive(archive: Path) -> dict[str, SplitLines]:
    sources = {}
    try:
        with tarfile.open(archive) as tar:
            members = {Path(member.name).name: member for member in tar.getmembers() if member.isfile()}
            for split in SPLITS:
                member = members.get(f"{split}.csv")
                handle = tar.extractfile(member) if member else None
                if member is None or handle is None:
                    raise UserError(f"{archive}: expected {split}.csv inside, came {sorted(members)[:6]}; {FIX}")
                name = f"{archive}!{member.name}"
                sources[split] = _from_csv(name, decode_lines(name, handle.read(), FIX))
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise UserError(f"{archive}: expected a whole archive, came a damaged one ({error}); {FIX}") from error
    return sources


def _from_csv(name: str, lines: list[str]) -> SplitLines:
    if tuple(lines[0].replace('"', "").split(",")[:NEEDED]) != COLUMNS[:NEEDED]:
        raise UserError(f"{name}:1: expected the header {','.join(COLUMNS)}, came {shorten(lines[0])}; {FIX}")
    numbered = [(number, line) for number, line in enumerate(lines[1:], start=2) if line]
    saved_again = 1 if '"' in lines[0] else next((number for number, line in numbered if _quoted(line)), None)
    if saved_again is None:
        return SplitLines(name, ((number, line.split(",")) for number, line in numbered))
    return SplitLines(name, list(_unquoted(name, numbered, saved_again)), saved_again)


def _quoted(line: str) -> bool:
    """Whether a comma stands inside quotation marks, as a program writes that saved the file again.

    The official files have no comma in a text, and their quotation marks are a text's own.
    """
    if '"' not in line:
        return False
    try:
        return len(next(csv.reader([line], strict=True))) != line.count(",") + 1
    except csv.Error:
        return False


def _unquoted(name: str, lines: list[tuple[int, str]], first: int) -> Iterator[tuple[int, list[str]]]:
    """The fields of a file that was saved again with quotation marks. Raises UserError where that was not done well."""
    for number, line in lines:
        try:
            yield number, next(csv.reader([line], strict=True))
        except csv.Error as error:
            raise UserError(
                f"{name}:{number}: expected texts in quotation marks, as in line {first}, came a mark that does not "
                f"close ({error}); {FIX}"
            ) from error


def _from_hub() -> dict[str, SplitLines]:
    try:
        loaded = datasets.load_dataset(HUB_ID, revision=HUB_REVISION)
    except Exception as error:  # the client raises the types of four libraries
        raise UserError(
            f"{HUB_ID}: expected to load the revision {HUB_REVISION} from the Hugging Face Hub, came "
            f"{type(error).__name__}: {clean_text(str(error))}; check the network, or {FIX}"
        ) from error
    names = {"validation": "valid"}
    return _from_tables(HUB_ID, {names.get(name, name): table.to_dict() for name, table in loaded.items()})


def _from_parquet(folder: Path, files: list[Path]) -> dict[str, SplitLines]:
    tables: dict[str, list[pyarrow.Table]] = {}
    for file in files:
        # default/train/0000.parquet as on the Hub, or train.parquet, train-00000-of-00001.parquet
        match = re.search(r"(?:^|/)(train|valid|test)[^/]*(?:/[^/]*)?$", file.relative_to(folder).as_posix())
        if match:
            try:
                tables.setdefault(match[1], []).append(pyarrow.parquet.ParquetFile(file).read())
            except (pyarrow.ArrowException, OSError) as error:
                raise UserError(f"{file}: expected a readable parquet file, came {error}; {FIX}") from error
    columns = {split: pyarrow.concat_tables(parts).to_pydict() for split, parts in tables.items()}
    return _from_tables(str(folder), columns)


def _from_tables(name: str, tables: dict[str, dict[str, list[Any]]]) -> dict[str, SplitLines]:
    sources = {}
    for split in SPLITS:
        if split not in tables:
            raise UserError(
                f"{name}: expected the splits {', '.join(SPLITS)}, came {', '.join(tables) or 'none'}; {FIX}"
            )
        missing = [column for column in COLUMNS if column not in tables[split]]
        if missing:
            raise UserError(f"{name} ({split}): expected the columns {', '.join(COLUMNS)}, missing {missing}; {FIX}")
        sources[split] = SplitLines(f"{name} ({split})", _unfold(tables[split]))
    return sources


def _unfold(columns: dict[str, list[Any]]) -> Iterator[tuple[int, list[str]]]:
    """Give back the lines of the CSV that the Hub's rows were made from, numbered by row.

    The Hub's script read the CSVs as if they had quoting, so where a text starts with a quotation mark one row holds
    several lines of the file. Joined with commas and cut at the line ends they are lines again, without those marks.
    """
    for number, values in enumerate(zip(*(columns[name] for name in COLUMNS), strict=True), start=1):
        fields = ["" if value is None else str(value) for value in values]
        if any("\n" in field for field in fields):
            for line in ",".join(fields).split("\n"):
                if line.strip():
                    yield number, line.removesuffix("\r").split(",")
        else:
            yield number, fields
