"""The report's tables, as cells that each format sets in its own way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.evaluation.intervals import SeedInterval
from pipelines.reporting.aggregate import TASKS, MetricColumn, Row, merge_signatures, row_label
from pipelines.reporting.cautions import FEW_SEEDS
from pipelines.reporting.collect import Reference
from pipelines.reporting.comparisons import LEVEL, TESTED, Comparison
from pipelines.reporting.context_reading import BLIND, ContextReading
from pipelines.reporting.published import NOT_COMPARABLE, PUBLISHED, REMARKS
from pipelines.reporting.study import GroupStudy, Study, is_best, p_text

NONE = "–"
CAPTIONS = {"people": "Agreement with people", "probes": "Probes"}


@dataclass(frozen=True)
class Cell:
    """The figure or word of a cell, and smaller lines below it; `strong` marks the best of a column.

    folded: lines that only a page shows, when they are asked for.
    """

    text: str
    below: tuple[str, ...] = ()
    strong: bool = False
    folded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table: `words` are the columns that hold words (set left), `divided` the rows before which a rule is drawn."""

    name: str
    caption: str
    head: list[str]
    rows: list[list[Cell]]
    words: frozenset[int]
    divided: frozenset[int] = frozenset()
    notes: list[str] = field(default_factory=list)


VERDICTS = {True: Cell("yes", strong=True), False: Cell("not shown"), None: Cell(NONE)}


def main_table(study: GroupStudy, columns: Sequence[MetricColumn], name: str, caption: str) -> Table:
    """One row a family, augmentation and λ_emo, then the twins, then the references that have a figure here."""
    arrows = {"max": "↑", "min": "↓"}
    head = ["system", *(f"{column.title} {arrows[column.direction]}" for column in columns)]
    rows = []
    for row in study.rows:
        label = row_label(row)
        cells = [_row_cell(row)]
        for column in columns:
            cells.append(_estimate_cell(row.estimate(column), is_best(study.marks, column, label)))
        rows.append(cells)
    for reference in study.references:
        values = [_reference_cell(study, reference, column) for column in columns]
        if any(cell.text != NONE for cell in values):
            rows.append([Cell(reference.name.replace("_", " ")), *values])
    divided = frozenset({len(study.main_rows), len(study.rows)} - {0})
    notes = [_main_note(study, columns, with_references=len(rows) > len(study.rows))]
    return Table(name, caption, head, rows, frozenset({0}), divided, [*notes, *_measured_notes(columns)])


def _main_note(study: GroupStudy, columns: Sequence[MetricColumn], with_references: bool) -> str:
    parts = ["Mean over n seeds, ± standard deviation, [95 % t interval over seeds]; MAE in points of the 1-5 scale."]
    if any(column.is_predicted for column in columns):
        parts.append(
            "Bold: better than the second best of its column (paired permutation over dialogues, Holm over the "
            f"columns, p < {LEVEL:g}); a column without bold has no such winner."
        )
    if any(len(row.runs) == FEW_SEEDS - 1 for row in study.rows):
        parts.append("An interval over two seeds spans nine standard deviations to each side and is folded away.")
    twins = len(study.main_rows) < len(study.rows)
    if twins:
        parts.append("Below the rule: twins that were trained and tested on one side of each pair alone.")
    if with_references:
        parts.append(f"References stand below the {'last ' if twins else ''}rule.")
    return " ".join(parts)


def _measured_notes(columns: Sequence[MetricColumn]) -> list[str]:
    """What the columns of people and of probes are, and why none of them is bold."""
    tasks = {column.task for column in columns}
    found = []
    if "people" in tasks:
        found.append(
            "People: agreement with the human ratings of the audit; of a dialogue the mean score over its listener "
            "turns, also within one rater's sheet, since raters differ; and of single human responses."
        )
    if "probes" in tasks:
        found.append(
            "Flipped by a phrase: of the pairs that the model does not call empathic, the share that it calls so with "
            "an empathic phrase put in. Context-swap area: chance that a response in its own dialogue scores above one "
            f"in another dialogue, {BLIND} where the context means nothing."
        )
    if found:
        found.append("People and probes have no bold: a run keeps no scores by example that could be tested.")
    return found


def context_table(study: GroupStudy) -> Table | None:
    """Which rows read the context, by how much; None where no run was probed."""
    if not study.readings:
        return None
    head = [
        "system",
        "context-swap area ↑",
        "same emotion ↑",
        "different emotion ↑",
        "above its response-only twin ↑",
        "flipped by a phrase ↓",
        "reads the context",
    ]
    divided = frozenset({sum(not reading.row.is_twin for reading in study.readings)} - {0})
    note = (
        "Mean over n seeds, ± standard deviation, [95 % t interval over seeds]; pairs: the widest of the seeds' 95 % "
        "intervals over the probe's pairs. Same and different emotion: the area where the other dialogue is about the "
        "same emotion, and where it is not. Above its twin: difference of the areas, seed by seed. Reads the context: "
        f"the area's intervals over seeds and over pairs both lie above {BLIND}; one seed has no interval over seeds."
    )
    rows = [_reading_row(reading) for reading in study.readings]
    return Table("context", "Which systems read the context", head, rows, frozenset({0, 6}), divided, [note])


def _reading_row(reading: ContextReading) -> list[Cell]:
    area = _estimate_cell(reading.area, False)
    pairs = reading.over_pairs
    if pairs.low is not None and reading.area is not None:
        area = Cell(area.text, (*area.below, f"pairs [{pairs.low:.2f}, {pairs.high:.2f}]"), folded=area.folded)
    above = _estimate_cell(reading.above_twin, False)
    if reading.above_twin is not None:
        above = Cell(f"{reading.above_twin.mean:+.2f}".replace("-", "−"), above.below, folded=above.folded)
    return [
        _row_cell(reading.row),
        area,
        _estimate_cell(reading.same_emotion, False),
        _estimate_cell(reading.other_emotion, False),
        above,
        _estimate_cell(reading.flips, False),
        VERDICTS[reading.is_shown],
    ]


def _row_cell(row: Row) -> Cell:
    return Cell(row.name, (f"λ {row.lambda_emo:g}", f"n = {len(row.runs)}"))


def _estimate_cell(estimate: SeedInterval | None, strong: bool) -> Cell:
    if estimate is None:
        return Cell(NONE)
    if estimate.sd is None:
        return Cell(f"{estimate.mean:.2f}", (), strong)
    sd, interval = f"± {estimate.sd:.2f}", f"[{estimate.low:.2f}, {estimate.high:.2f}]"
    if estimate.n < FEW_SEEDS:
        return Cell(f"{estimate.mean:.2f}", (sd,), strong, (interval,))
    return Cell(f"{estimate.mean:.2f}", (sd, interval), strong)


def _reference_cell(study: GroupStudy, reference: Reference, column: MetricColumn) -> Cell:
    value = reference.metrics.get(column.task, {}).get(column.key)
    return Cell(NONE) if value is None else Cell(f"{value:.2f}", (), is_best(study.marks, column, reference.name))


def cost_table(study: GroupStudy) -> Table:
    """Size and speed of each row, with the device that the speed was measured on."""
    rows = []
    for row in study.rows:
        parameters = row.meta_mean("parameters")
        figures = [NONE if parameters is None else f"{parameters / 1e6:.1f} M"]
        for key, form in (("batch1_median_ms", ".1f"), ("batch1_p90_ms", ".1f"), ("throughput_pairs_per_s", ",.0f")):
            value = row.meta_mean("latency", key)
            figures.append(NONE if value is None else format(value, form))
        words = [row.name, f"{row.lambda_emo:g}", *figures, "; ".join(row.devices()) or NONE]
        rows.append([Cell(word) for word in words])
    head = ["system", "λ", "parameters", "median ms", "p90 ms", "pairs/s", "measured on"]
    note = (
        "Milliseconds to score one pair at batch 1 and pairs a second in batches, from text to score; means over seeds."
    )
    return Table("cost", "Cost", head, rows, frozenset({0, 6}), frozenset(), [note])


def lambda_table(study: GroupStudy) -> Table | None:
    """Families by λ_emo, a block for each headline metric; None where no family has more than one λ_emo."""
    rows = study.lambda_rows
    if not rows:
        return None
    weights = sorted({row.lambda_emo for row in rows}, reverse=True)
    cells: list[list[Cell]] = []
    divided: list[int] = []
    for column in [c for key in TESTED for c in study.columns if c.key == key]:
        if cells:
            divided.append(len(cells))
        for family in dict.fromkeys(row.name for row in rows):
            of_weight = {row.lambda_emo: row for row in rows if row.name == family}
            line = [Cell(column.title), Cell(family)]
            for weight in weights:
                row = of_weight.get(weight)
                line.append(_estimate_cell(row.estimate(column), False) if row else Cell(NONE))
            cells.append(line)
    head = ["metric", "family", *(f"λ {weight:g}" for weight in weights)]
    notes = [
        "Mean over seeds, ± standard deviation, [95 % t interval over seeds]; – where it was not run or is undefined. "
        "A λ_emo chosen by these test figures would flatter itself: choose on the validation split."
    ]
    return Table("lambda", "Results by λ_emo", head, cells, frozenset({0, 1}), frozenset(divided), notes)


def published_table(study: GroupStudy) -> Table:
    """Our rows, without the twins, above the published ones, with encoder, view and data of each."""
    columns = {column.key: column for column in study.columns}
    rows = []
    for row in study.main_rows:
        run = row.runs[0].results
        figures = [row.estimate(columns[key]) if key in columns else None for key in TESTED]
        words = [
            f"{row.name} (ours)",
            run["encoder"],
            run["context_view"],
            _data(run),
            ", ".join(map(str, row.seeds)),
            f"{row.lambda_emo:g}",
        ]
        values = [NONE if figure is None else f"{figure.mean:.2f}" for figure in figures]
        rows.append([Cell(word) for word in [*words, *values, "this report"]])
    for known in PUBLISHED:
        rows.append([Cell(word or NONE) for word in vars(known).values()])
    head = ["system", "encoder", "view", "data", "seeds", "λ", "MAE", "Spearman ρ", "accuracy", "source"]
    words_at = frozenset({0, 1, 2, 3, 9})
    return Table(
        "published",
        "Published figures beside ours",
        head,
        rows,
        words_at,
        frozenset({len(study.main_rows)}),
        [NOT_COMPARABLE, REMARKS],
    )


def _data(results: dict[str, Any]) -> str:
    return f"{results['corpus']}, {results['label_source'] or 'no'} labels"


def tests_table(study: GroupStudy) -> Table | None:
    """The paired tests; None where no two rows can be paired."""
    if not study.comparisons:
        return None
    rows = [_test_row(test) for test in study.comparisons]
    divided = [k for k in range(1, len(rows)) if study.comparisons[k].lambda_emo != study.comparisons[k - 1].lambda_emo]
    notes = [
        "Difference: mean over the common seeds of A minus B; percentile interval of a paired bootstrap, "
        f"p of a paired permutation test, both over dialogues; Holm over all {len(rows)} tests of this table. "
        "These speak of other examples, not of other seeds."
    ]
    head = ["λ", "A", "B", "metric", "A − B", "95 % interval", "p", "Holm p", "better"]
    return Table("tests", tests_caption(study), head, rows, frozenset({1, 2, 3, 8}), frozenset(divided), notes)


def tests_caption(study: GroupStudy) -> str:
    """What the paired tests are between."""
    augmented = any(row.augmentation != "none" for row in study.main_rows)
    return f"Paired tests between families{', and with and without augmentation' if augmented else ''}"


def _test_row(test: Comparison) -> list[Cell]:
    words = [
        f"{test.lambda_emo:g}",
        test.a,
        test.b,
        test.metric.title,
        _signed(test.difference),
        f"[{_signed(test.low)}, {_signed(test.high)}]",
        p_text(test.p_value),
        p_text(test.p_holm),
    ]
    return [Cell(word) for word in words] + [Cell(test.better or "not shown", (), test.better is not None)]


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def setting_table(study: GroupStudy) -> Table:
    """What the group was run on and with."""
    runs, key = study.group.runs, study.key
    seeds = sorted({run.results["seed"] for run in runs})
    versions = {
        f"{name} {version}"
        for run in runs
        for name, version in run.meta.get("versions", {}).items()
        if version is not None
    }
    hours = sum(float(run.meta.get("wall_time_s") or 0) for run in runs) / 3600
    lines = [
        ("experiment", ", ".join(sorted({run.results["experiment"] for run in runs}))),
        ("corpus", key.corpus),
        ("empathy labels", key.label_source or "none"),
        ("context view", key.context_view),
        ("encoder", key.encoder),
        ("test split", key.test_split),
        ("seeds", ", ".join(map(str, seeds))),
        ("commit", ", ".join(sorted({str(run.meta.get("commit") or "not recorded") for run in runs}))),
        ("trained on", "; ".join(sorted({str(run.meta.get("device", "not recorded")) for run in runs}))),
        (
            "training time",
            f"{hours:.2f} h, {len(runs)} run(s)" if hours >= 0.1 else f"{hours * 60:.1f} min, {len(runs)} run(s)",
        ),
        ("data fingerprint", key.data_fingerprint),
        ("versions", ", ".join(sorted(versions)) or "not recorded"),
    ]
    return Table("setting", "Setting", ["", ""], [[Cell(a), Cell(b)] for a, b in lines], frozenset({0, 1}))


def split_table(study: GroupStudy) -> Table:
    """Dialogues and examples of each split, used and read, and what the reader dropped and noted, by reason."""
    counts = dict(study.counts)
    dropped, noted, read = counts.pop("dropped", {}), counts.pop("noted", {}), counts.pop("corpus", {})
    known = [scope for scope in ("train", "valid", "test") if scope in counts]
    scopes = [*known, *sorted({*counts, *dropped, *noted} - set(known))]
    rows = []
    for scope in scopes:
        sizes = [
            f"{table[scope][unit]:,}" if scope in table else NONE
            for table in (counts, read)
            for unit in ("dialogues", "examples")
        ]
        rows.append([Cell(word) for word in [scope, *sizes, _reasons(dropped.get(scope)), _reasons(noted.get(scope))]])
    head = ["split", "dialogues used", "examples used", "dialogues read", "examples read", "dropped", "noted"]
    notes = ["Used: by the last stage, which takes examples that have its labels, and no more than its max_dialogues."]
    made = {f"{row.augmentation}: {_reasons(row.made_up)}" for row in study.rows if row.made_up}
    if made:
        notes.append(f"Made up beside the training examples used, by variant. {'. '.join(sorted(made))}.")
    return Table("splits", "Data", head, rows, frozenset({0, 5, 6}), notes=notes)


def _reasons(counts: dict[str, int] | None) -> str:
    """Counts by reason, such as `rows malformed 4; dialogues excluded id 12`."""
    return "; ".join(f"{reason.replace('_', ' ')} {n:,}" for reason, n in sorted((counts or {}).items())) or "nothing"


def signature_lines(study: GroupStudy) -> list[tuple[str, str]]:
    """(row, signature) of each row, its seeds merged."""
    return [(row_label(row), merge_signatures([run.results["signature"] for run in row.runs])) for row in study.rows]


def result_tables(study: GroupStudy) -> list[Table]:
    """The tables for paper and Markdown: the main table by task, since its columns do not fit a page's width."""
    tasks = [task for task in TASKS if any(column.task == task for column in study.columns)]
    found = []
    for task in tasks:
        columns = [column for column in study.columns if column.task == task]
        found.append(main_table(study, columns, task, CAPTIONS.get(task, f"Test results: {task}")))
    for table in (context_table(study), cost_table(study), lambda_table(study), tests_table(study)):
        if table is not None:
            found.append(table)
    return [*found, published_table(study)]


def command_lines(study: Study) -> list[str]:
    """The commands that make the runs and this report again."""
    return [*(study.commands or ["# the runs do not say which command trained them"]), study.report_command]
