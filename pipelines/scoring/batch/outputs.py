"""Keeps scored items in parts, so that a killed run goes on, and joins the parts when all is done.

Items are taken in windows of those that follow each other, and scored in groups of like size.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from pipelines.atomic import write_json, write_with
from pipelines.errors import UserError
from pipelines.scoring.batch.join import NUMBER, as_json, write_joined
from pipelines.scoring.batch.source import Source

SUFFIXES = (".csv", ".jsonl", ".parquet")
Row = Mapping[str, Any]


class Output:
    """The rows of one run: a folder of parts beside `target`, and when all is done `target` and its `.rejected.jsonl`.

    The parts' name tells what was scored and how, and nothing of `target`'s format: another format, or another prefix
    of the columns, goes on with them. Raises UserError for another suffix, and for an output that is there already.
    """

    def __init__(self, target: Path, source: Path, identity: Mapping[str, Any]) -> None:
        if target.suffix.lower() not in SUFFIXES:
            raise UserError(f"{target}: expected an output that ends in {', '.join(SUFFIXES)}")
        if target.exists():
            raise UserError(f"{target}: expected no such file yet, there is one; move it away, or choose another --out")
        self.target, self.rejected = target, target.with_name(f"{target.name}.rejected.jsonl")
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
        self.folder = target.with_name(f"{source.name}.{digest[:12]}.parts")
        write_json(self.folder / "run.json", dict(identity))
        self.windows, self.records, self.refused = 0, 0, 0
        for path in self._finished():
            self._count(json.loads(path.read_text(encoding="utf-8")))

    def groups(self) -> int:
        """Groups of the window that is open which are done: they are written one after the other."""
        return len(self._groups(self.windows))

    def write_group(self, group: int, scored: Sequence[Row]) -> None:
        """Keep scores of the window that is open. scored: items' numbers and the columns of `ADDED`."""
        path = self.folder / f"{self.windows:08d}.{group:04d}.scored.jsonl"
        write_with(path, partial(_write_jsonl, scored))

    def close_window(self, records: int, rejected: Sequence[Row]) -> None:
        """Keep that a window of items is done. rejected: number, line, reason and row of those without a score."""
        if rejected:
            path = self.folder / f"{self.windows:08d}.rejected.jsonl"
            write_with(path, partial(_write_jsonl, rejected))
        counts = {"records": records, "rejected": len(rejected)}
        write_json(self.folder / f"{self.windows:08d}.json", counts)
        self._count(counts)

    def finish(self, source: Source, prefix: str) -> None:
        """Put the scores beside the rows of the input, which is read again, and remove the parts."""
        suffix = self.target.suffix.lower()
        write_with(self.target, lambda path: write_joined(path, suffix, source, self._scored(), prefix))
        if self.refused:
            write_with(self.rejected, self._join_rejected)
        shutil.rmtree(self.folder)

    def _count(self, counts: Mapping[str, int]) -> None:
        self.windows += 1
        self.records += counts["records"]
        self.refused += counts["rejected"]

    def _finished(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*.json") if path.name != "run.json")

    def _groups(self, window: int) -> list[Path]:
        return sorted(self.folder.glob(f"{window:08d}.*.scored.jsonl"))

    def _scored(self) -> Iterator[dict[str, Any]]:
        """The scored items, in order: a group holds items of like size, a window those that follow each other."""
        for window in range(self.windows):
            lines = (line for group in self._groups(window) for line in group.read_text(encoding="utf-8").splitlines())
            yield from sorted((json.loads(line) for line in lines), key=itemgetter(NUMBER))

    def _join_rejected(self, path: Path) -> None:
        with path.open("wb") as handle:
            for part in sorted(self.folder.glob("*.rejected.jsonl")):
                handle.write(part.read_bytes())


def _write_jsonl(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", errors="backslashreplace") as handle:
        handle.writelines(as_json(row) + "\n" for row in rows)
