"""Writes scored rows in parts, so that a killed run goes on, and joins the parts when all is done."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.atomic import write_json, write_with
from pipelines.errors import UserError
from pipelines.scoring.batch.join import write_joined

SUFFIXES = (".csv", ".jsonl", ".parquet")
Row = Mapping[str, Any]


class Output:
    """The rows of one run: `<out>.parts/` while it runs, `<out>` and `<out>.rejected.jsonl` when it is done.

    Raises UserError for another suffix, for an output that is there already, and for parts of another run.
    """

    def __init__(self, target: Path, identity: Mapping[str, Any]) -> None:
        if target.suffix.lower() not in SUFFIXES:
            raise UserError(f"{target}: expected an output that ends in {', '.join(SUFFIXES)}")
        if target.exists():
            raise UserError(f"{target}: expected no such file yet, there is one; move it away, or choose another --out")
        self.target, self.rejected = target, target.with_name(f"{target.name}.rejected.jsonl")
        self.folder = target.with_name(f"{target.name}.parts")
        known = self.folder / "run.json"
        if known.is_file():
            found = json.loads(known.read_text(encoding="utf-8"))
            if found != dict(identity):
                changed = sorted(key for key in {*found, *identity} if found.get(key) != identity.get(key))
                raise UserError(
                    f"{self.folder}: expected the parts of this run, they are of one with another "
                    f"{', '.join(changed)}; remove the folder, or run that one again"
                )
        else:
            write_json(known, dict(identity))

    def done(self) -> int:
        """Records that earlier parts hold, scored or rejected."""
        return sum(json.loads(path.read_text(encoding="utf-8"))["records"] for path in self._finished())

    def rejected_so_far(self) -> int:
        """Records that could not be scored."""
        return sum(json.loads(path.read_text(encoding="utf-8"))["rejected"] for path in self._finished())

    def write_part(self, scored: Sequence[Row], rejected: Sequence[Row]) -> None:
        """Keep what the records that follow those that are done gave. The part counts when its .json is there.

        scored: their numbers and the columns of `ADDED`; rejected: number, reason and row.
        """
        name = f"{len(self._finished()):08d}"
        for kind, content in (("scored", scored), ("rejected", rejected)):
            write_with(self.folder / f"{name}.{kind}.jsonl", partial(_write_jsonl, content))
        write_json(self.folder / f"{name}.json", {"records": len(scored) + len(rejected), "rejected": len(rejected)})

    def finish(self, source: Path) -> None:
        """Put the scores beside the rows of the input, which is read again, and remove the parts."""
        write_with(self.target, lambda path: write_joined(path, self.target.suffix.lower(), source, self.scored()))
        if self.rejected_so_far():
            write_with(self.rejected, self._join_rejected)
        shutil.rmtree(self.folder)

    def scored(self) -> Iterator[dict[str, Any]]:
        """The scored records of all parts, in order."""
        for part in self._parts("scored"):
            with part.open(encoding="utf-8") as handle:
                for line in handle:
                    yield json.loads(line)

    def _finished(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*.json") if path.name != "run.json")

    def _parts(self, kind: str) -> list[Path]:
        return [path.with_name(f"{path.stem}.{kind}.jsonl") for path in self._finished()]

    def _join_rejected(self, path: Path) -> None:
        with path.open("wb") as handle:
            for part in self._parts("rejected"):
                handle.write(part.read_bytes())


def _write_jsonl(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", errors="backslashreplace") as handle:
        handle.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
