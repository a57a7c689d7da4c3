"""Keeps scored items in parts, so that a killed run goes on, and joins the parts when all is done."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.atomic import write_json, write_with
from pipelines.errors import UserError
from pipelines.scoring.batch.join import as_json, write_joined
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
        self.records, self.refused, self.parts = 0, 0, 0
        for part in self._finished():
            counts = json.loads(part.read_text(encoding="utf-8"))
            self.records += counts["records"]
            self.refused += counts["rejected"]
            self.parts += 1

    def write_part(self, scored: Sequence[Row], rejected: Sequence[Row]) -> None:
        """Keep what the items that follow those that are done gave. The part counts when its .json is there.

        scored: their numbers and the columns of `ADDED`; rejected: number, line, reason and row.
        """
        name = f"{self.parts:08d}"
        for kind, content in (("scored", scored), ("rejected", rejected)):
            if content:
                write_with(self.folder / f"{name}.{kind}.jsonl", partial(_write_jsonl, content))
        counts = {"records": len(scored) + len(rejected), "rejected": len(rejected)}
        write_json(self.folder / f"{name}.json", counts)
        self.records, self.refused, self.parts = (
            self.records + counts["records"],
            self.refused + counts["rejected"],
            self.parts + 1,
        )

    def finish(self, source: Source, prefix: str) -> None:
        """Put the scores beside the rows of the input, which is read again, and remove the parts."""
        suffix = self.target.suffix.lower()
        write_with(self.target, lambda path: write_joined(path, suffix, source, self._lines("scored"), prefix))
        if self.refused:
            write_with(self.rejected, self._join_rejected)
        shutil.rmtree(self.folder)

    def _finished(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*.json") if path.name != "run.json")

    def _parts(self, kind: str) -> list[Path]:
        parts = (path.with_name(f"{path.stem}.{kind}.jsonl") for path in self._finished())
        return [part for part in parts if part.is_file()]

    def _lines(self, kind: str) -> Iterator[dict[str, Any]]:
        for part in self._parts(kind):
            with part.open(encoding="utf-8") as handle:
                for line in handle:
                    yield json.loads(line)

    def _join_rejected(self, path: Path) -> None:
        with path.open("wb") as handle:
            for part in self._parts("rejected"):
                handle.write(part.read_bytes())


def _write_jsonl(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", errors="backslashreplace") as handle:
        handle.writelines(as_json(row) + "\n" for row in rows)
