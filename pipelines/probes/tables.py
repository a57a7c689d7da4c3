"""The tables of a probe study: all scorers side by side."""

from collections.abc import Sequence
from typing import Any

from pipelines.evaluation.intervals import SeedInterval
from pipelines.probes.phrase_insertion import FILLER, PHRASES
from pipelines.probes.probe import Column, Probe
from pipelines.probes.registry import THRESHOLD, columns
from pipelines.probes.study import ProbeStudy, figure
from pipelines.reporting.tables import NONE, Cell, Table

ARROWS = {"high": " ↑", "low": " ↓", "": ""}
NOTE = (
    "Figure, [95 % interval], n. Arrows: the direction in which a scorer that reads the context goes. "
    "Below the rule: mean over seeds with the 95 % t interval over seeds. – where a figure is undefined."
)


def overview_table(study: ProbeStudy) -> Table:
    """The headline columns of every probe."""
    return _table(study, "overview", "Overview", [column for column in columns() if column.headline])


def probe_table(study: ProbeStudy, probe: Probe) -> Table:
    """All columns of one probe."""
    return _table(study, probe.name, probe.title, [THRESHOLD, *probe.columns])


def _table(study: ProbeStudy, name: str, caption: str, shown: Sequence[Column]) -> Table:
    rows = [
        [_label(one.name), *(_estimate_cell(column, column.read(one.record)) for column in shown)]
        for one in study.probed
    ]
    for mean in study.seed_means:
        label = _label(mean.name, "mean over seeds " + ", ".join(map(str, mean.seeds)))
        rows.append([label, *(_seed_cell(column, mean.figures[column.path]) for column in shown)])
    divided = frozenset({len(study.probed)}) if study.seed_means else frozenset()
    head = ["scorer", *(column.title + ARROWS[column.wanted] for column in shown)]
    return Table(name, caption, head, rows, frozenset({0}), divided, [NOTE])


def phrase_table(study: ProbeStudy) -> Table:
    """Share flipped by each phrase in each corpus, the filler last."""
    share = Column((), "", "share", "low", "")
    rows: list[list[Cell]] = []
    divided = []
    for one in study.probed:
        divided.append(len(rows))
        for corpus, found in one.record["insertion"]["by_corpus"].items():
            label = _label(one.name, f"{found['not_empathic']:,} of {found['pairs']:,} not empathic")
            figures = [*(found["by_phrase"][phrase] for phrase in PHRASES), found["control"]]
            rows.append([label, Cell(corpus), *(_estimate_cell(share, each, with_n=False) for each in figures)])
    head = ["scorer", "corpus", *PHRASES, FILLER + " (filler)"]
    note = "Share of the pairs not called empathic that reach the threshold with the phrase, [95 % Wilson interval]."
    return Table("phrases", "By corpus and phrase", head, rows, frozenset({0, 1}), frozenset(divided[1:]), [note])


def own_threshold_table(study: ProbeStudy) -> Table | None:
    """Share that a system calls empathic by a threshold of its own, as they are and with each phrase; None for none."""
    share = Column((), "", "share", "low", "")
    kinds: list[str] = []
    rows = []
    for one in study.probed:
        own = one.record["insertion"].get("own_threshold")
        if own is None:
            continue
        label = _label(one.name, f"from {own['threshold']:g}")
        for corpus, found in own.items():
            if corpus != "threshold":
                kinds = kinds or list(found)
                cells = (_estimate_cell(share, found[kind], with_n=False) for kind in kinds)
                rows.append([label, Cell(corpus), *cells])
    if not rows:
        return None
    note = "Share of all pairs whose score reaches the threshold that the system itself names, [95 % Wilson interval]."
    caption = "Called empathic by the system itself"
    return Table("own", caption, ["scorer", "corpus", *kinds], rows, frozenset({0, 1}), notes=[note])


def meanings(shown: Sequence[Column]) -> list[tuple[str, str]]:
    """Title and meaning of each column."""
    return [(column.title, column.meaning) for column in shown]


def overview_lines(study: ProbeStudy) -> list[str]:
    """The overview for a terminal: figures alone, a line a scorer."""
    shown = [column for column in columns() if column.headline]
    names = [*(one.name for one in study.probed), *(f"{mean.name} (mean)" for mean in study.seed_means)]
    values = [[figure(column, one.record) for column in shown] for one in study.probed]
    for seeds in study.seed_means:
        found = [seeds.figures[column.path] for column in shown]
        values.append([None if interval is None else interval.mean for interval in found])
    width = max(len(name) for name in names) + 2
    lines = ["scorer".ljust(width) + "".join(column.title.rjust(len(column.title) + 2) for column in shown)]
    for name, line in zip(names, values, strict=True):
        cells = [_text(c, v).rjust(len(c.title) + 2) for c, v in zip(shown, line, strict=True)]
        lines.append(name.ljust(width) + "".join(cells))
    return lines


def _label(name: str, *below: str) -> Cell:
    """A scorer's name in two lines, what it lies in below: a name in one would leave a phone no room for figures."""
    place, found, last = name.replace(":", "/").rpartition("/")
    return Cell(last, (name[: len(place)], *below) if found else below)


def _estimate_cell(column: Column, found: Any, with_n: bool = True) -> Cell:
    if not isinstance(found, dict):
        return Cell(_text(column, found))
    below = []
    if found["low"] is not None:
        below.append(f"[{_bare(column, found['low'])}, {_bare(column, found['high'])}]")
    if with_n:
        below.append(f"n = {found['n']:,}")
    return Cell(_text(column, found["value"]), tuple(below))


def _seed_cell(column: Column, interval: SeedInterval | None) -> Cell:
    if interval is None:
        return Cell(NONE)
    return Cell(
        _text(column, interval.mean),
        (f"[{_bare(column, interval.low)}, {_bare(column, interval.high)}]", f"n = {interval.n} seeds"),
    )


def _text(column: Column, value: float | None) -> str:
    if value is None:
        return NONE
    return f"{_bare(column, value)} %" if column.form == "share" else _bare(column, value)


def _bare(column: Column, value: float | None) -> str:
    if value is None:
        return NONE
    form = {"share": ".1f", "count": ",.0f", "number": ".3f"}[column.form]
    return format(100 * value if column.form == "share" else value, form).replace("-", "−")
