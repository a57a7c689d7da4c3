"""Published tables with ours beside them: as text, Markdown, JSON and one self-contained page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.atomic import write_json, write_text
from pipelines.evaluation.intervals import SeedInterval
from pipelines.literature.published import PublishedTable
from pipelines.literature.reproduced import ReproducedRow
from pipelines.reporting.markup import markdown_table
from pipelines.reporting.page import render_page
from pipelines.reporting.tables import Cell, Table

TITLE = "The literature, reproduced"
INTRODUCTION = (
    "Published figures of each system beside ours for the same system, trained and evaluated with this framework. Ours "
    "are means over seeds with a 95 % t interval; each seed cuts the data anew where the corpus has no split of its "
    "own. Where the encoder or the data differ, which is said below each table, a difference is no evidence that "
    "either is better. Marked with * is a mean whose interval lies on the worse side of the published figure. A t "
    "interval knows no bounds: one of shares may pass 0 or 100."
)


@dataclass(frozen=True)
class Reproduction:
    """A published table and our rows for it."""

    name: str
    table: PublishedTable
    rows: list[ReproducedRow]


def table_of(found: Reproduction) -> Table:
    """One row a system: for each column the published figure and ours, then how many seeds."""
    published = found.table
    given = {column for one in found.rows for column in one.row.published}
    head = ["system"]
    for column in published.columns:
        head += [column, "ours"] if column in given else [f"{column}, ours"]
    rows = []
    for one in found.rows:
        cells = [Cell(one.row.name)]
        for column, metric in published.columns.items():
            figure = one.row.published.get(column)
            if column in given:
                cells.append(Cell("–" if figure is None else _number(figure, published.percent)))
            cells.append(_ours(one.estimate(metric), published.percent, one.falls_short(column, metric)))
        rows.append([*cells, Cell(f"{len(one.results)}/{len(one.results) + len(one.missing)}")])
    return Table(found.name, published.title, [*head, "seeds"], rows, frozenset({0}), notes=_notes(found))


def _ours(estimate: SeedInterval | None, percent: bool, short: bool | None) -> Cell:
    if estimate is None:
        return Cell("–")
    text = _number(estimate.mean, percent) + ("*" if short else "")
    if estimate.low is None or estimate.high is None:
        return Cell(text)
    return Cell(text, below=(f"[{_number(estimate.low, percent)}, {_number(estimate.high, percent)}]",))


def _number(value: float, percent: bool) -> str:
    return f"{100 * value:.1f}" if percent else f"{value:.4f}".replace("0.", ".", 1)


def _notes(found: Reproduction) -> list[str]:
    table = found.table
    said = {"Theirs": table.theirs, "Ours": table.ours, "Published in": table.source}
    notes = [*(f"{name}: {text}." for name, text in said.items() if text), *table.notes]
    notes += [f"{one.row.name}: {one.row.tried}" for one in found.rows if one.row.tried]
    return notes


def terminal(found: Reproduction) -> str:
    """The table as lines of text, then the commands of runs that are missing."""
    table = table_of(found)
    cells = [table.head, *([" ".join([cell.text, *cell.below]) for cell in row] for row in table.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.head))]
    lines = [f"{found.name}: {found.table.title}", ""]
    lines += [
        "  ".join(
            text.ljust(width) if column in table.words else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    lines += ["", *table.notes]
    missing = [one for one in found.rows if one.missing]
    if missing:
        lines += ["", "Not trained or not probed yet:" if found.table.probed else "Not trained yet:"]
        missing_commands = [f"  {one.command}  # seeds {', '.join(map(str, one.missing))}" for one in missing]
        missing_commands += [f"  {one.probe_command}" for one in missing if found.table.probed]
        lines += dict.fromkeys(missing_commands)
    return "\n".join(lines)


def write_literature(found: Sequence[Reproduction], out: Path) -> list[Path]:
    """Write literature.md, literature.html and literature.json into `out` and return their paths."""
    paths = [out / f"literature.{ending}" for ending in ("md", "html", "json")]
    write_text(paths[0], markdown(found))
    write_text(paths[1], html(found))
    write_json(paths[2], {"schema_version": 1, "tables": [plain(one) for one in found]})
    return paths


def markdown(found: Sequence[Reproduction]) -> str:
    """Every table, with the command of each row."""
    parts = [f"# {TITLE}", INTRODUCTION]
    for one in found:
        parts += [f"## {one.table.title}", markdown_table(table_of(one))]
        parts.append("```sh\n" + "\n".join([f"empathy reproduce {one.name}", *commands(one)]) + "\n```")
    return "\n\n".join(parts) + "\n"


def commands(found: Reproduction) -> list[str]:
    """What makes the runs of a table, and their probes where it shows them, a line a row."""
    made = [one.command for one in found.rows]
    probed = [one.probe_command for one in found.rows] if found.table.probed else []
    return list(dict.fromkeys([*made, *probed]))


def html(found: Sequence[Reproduction]) -> str:
    """One page with its style inside, and no script."""
    sections = [{"found": one, "table": table_of(one), "commands": commands(one)} for one in found]
    return render_page("literature", title=TITLE, introduction=INTRODUCTION, sections=sections)


def plain(found: Reproduction) -> dict[str, Any]:
    """A table's figures as plain values."""
    return {
        "name": found.name,
        "title": found.table.title,
        "source": found.table.source,
        "rows": [
            {
                "name": one.row.name,
                "command": one.command,
                "seeds": [result["seed"] for result in one.results],
                "published": one.row.published,
                "ours": {
                    column: None if (estimate := one.estimate(metric)) is None else estimate._asdict()
                    for column, metric in found.table.columns.items()
                },
                "falls_short": {
                    column: one.falls_short(column, metric) for column, metric in found.table.columns.items()
                },
            }
            for one in found.rows
        ],
    }
