"""What a reader of the report must know before believing a figure: one sentence for each thing the data call for."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipelines.reporting.aggregate import MetricColumn, Row, merge_signatures, row_label
from pipelines.reporting.collect import Group, Reference, Run
from pipelines.reporting.people_and_probes import INSERTION_FLIPS, MEASURED_FIGURES, MEASURED_FILES
from pipelines.reporting.verdict import joined

FEW_SEEDS = 3
COLLAPSED_SHARE = 0.1  # of the labels' sd, under which predictions are called collapsed
ONE_CLASS_SHARE = 0.9  # of all examples given one emotion


def score_spread(run: Run) -> tuple[float, float] | None:
    """Standard deviations of the predicted and of the true scores on the test split; None without scores."""
    mask = run.test.scored
    if not mask.any():
        return None
    return float(run.test.empathy_pred[mask].std()), float(run.test.empathy_true[mask].std())


def is_collapsed(run: Run) -> bool:
    """Whether the predicted scores vary by less than a tenth of what the labels do."""
    spread = score_spread(run)
    return spread is not None and spread[1] > 0 and spread[0] < COLLAPSED_SHARE * spread[1]


def report_cautions(groups: Sequence[Group], unfinished: Sequence[Path]) -> list[str]:
    """Cautions about the report as a whole."""
    found = []
    if len(groups) > 1:
        differing = [
            name.replace("_", " ")
            for name, values in zip(groups[0].key._fields, zip(*(g.key for g in groups), strict=True), strict=True)
            if len(set(values)) > 1
        ]
        found.append(
            f"The runs differ in {joined(differing)}, so they are not comparable: "
            f"each of the {len(groups)} kinds has a section and tables of its own."
        )
    if unfinished:
        cells = ", ".join(folder.name for folder in unfinished)
        found.append(f"Unfinished, and in no table: {cells}. The command that started them goes on where it stopped.")
    return found


def group_cautions(
    group: Group, rows: Sequence[Row], references: Sequence[Reference], columns: Sequence[MetricColumn]
) -> list[str]:
    """Cautions about one group."""
    found = []
    if group.key.corpus == "sample":
        found.append(
            "The sample corpus was written for this project to try the framework out: "
            "its figures show that everything runs and measure nothing about people."
        )
    few = [f"{row_label(row)} ({len(row.runs)})" for row in rows if len(row.runs) < FEW_SEEDS]
    if few:
        found.append(f"Fewer than {FEW_SEEDS} seeds: {'; '.join(few)}. The intervals over seeds are wide, or absent.")
    if len({tuple(row.seeds) for row in rows}) > 1:
        listed = "; ".join(f"{row_label(row)}: {', '.join(map(str, row.seeds))}" for row in rows)
        found.append(f"The rows have different seeds, and are tested on the common ones only ({listed}).")
    for row in rows:
        found += _row_cautions(row)
    found += _measured_cautions(rows)
    found += _below_reference(rows, references, columns)
    if not references:
        found.append("No references on these data were found: without them a figure cannot be told from a trivial one.")
    return found


def _row_cautions(row: Row) -> list[str]:
    found = []
    collapsed = [str(run.results["seed"]) for run in row.runs if is_collapsed(run)]
    if collapsed:
        found.append(
            f"{row_label(row)}, seed {', '.join(collapsed)}: the predicted scores have collapsed, "
            f"their standard deviation is under {COLLAPSED_SHARE:.0%} of the labels'. Its MAE is that of a constant."
        )
    for run in row.runs:
        if run.test.emotion_logits is None or not len(run.test.frame):
            continue
        counts = np.bincount(run.test.emotion_logits.argmax(axis=1))
        if counts.max() > ONE_CLASS_SHARE * counts.sum():
            found.append(
                f"{row_label(row)}, seed {run.results['seed']}: predicts one emotion for nearly every example."
            )
    signature = merge_signatures([run.results["signature"] for run in row.runs])
    settings = {tuple(p for p in run.results["signature"].split("|") if not p.startswith("seed:")) for run in row.runs}
    if len(settings) > 1:
        found.append(f"{row_label(row)}: its seeds were trained under different settings ({signature}).")
    return found


def _measured_cautions(rows: Sequence[Row]) -> list[str]:
    """Seeds that were not audited or probed as the others of their row, and figures that are over other examples."""
    found = []
    for file in MEASURED_FILES:
        figures = [figure for figure in MEASURED_FIGURES if figure.file is file]
        for row in rows:
            has = [{figure.key for figure in figures} & set(run.measured) for run in row.runs]
            lacking = [str(seed) for seed, keys in zip(row.seeds, has, strict=True) if keys != set.union(*has)]
            if lacking:
                found.append(
                    f"{row_label(row)}, seed {', '.join(lacking)}: {file.name} is missing or lacks a set that other "
                    f"seeds of the row have, so the row has no such figure; run `{file.command}` on it."
                )
        for figure in figures:
            measured = [run.measured.get(figure.key) for row in rows for run in row.runs]
            sizes = sorted({one.n for one in measured if one is not None and one.n is not None})
            if figure.column and figure is not INSERTION_FLIPS and len(sizes) > 1:
                found.append(
                    f"{figure.title} is over {joined([f'{n:,}' for n in sizes])} examples in different runs, "
                    f"so it is not comparable between them; run `{file.command}` on all of them with the same data."
                )
    return found


def _below_reference(
    rows: Sequence[Row], references: Sequence[Reference], columns: Sequence[MetricColumn]
) -> list[str]:
    """Rows whose headline figure (MAE, accuracy) does not beat the best reference."""
    found = []
    for column in columns:
        if column.key not in ("mae", "accuracy"):
            continue
        scored = [(r.metrics.get(column.task, {}).get(column.key), r.name) for r in references]
        known = [(value, name) for value, name in scored if value is not None]
        if not known:
            continue
        value, name = min(known) if column.direction == "min" else max(known)
        losers = []
        for row in rows:
            estimate = row.estimate(column)
            if estimate and (estimate.mean >= value if column.direction == "min" else estimate.mean <= value):
                losers.append(row_label(row))
        if losers:
            found.append(
                f"On {column.title}, {'; '.join(losers)} did no better than the reference {name} ({value:.2f})."
            )
    return found
