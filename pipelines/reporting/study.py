"""Everything the report says about one group of runs, worked out once for all four formats."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.reporting.aggregate import MetricColumn, Row, metric_columns, references_of, rows_of
from pipelines.reporting.cautions import group_cautions, report_cautions
from pipelines.reporting.collect import Collected, Group, GroupKey, Reference
from pipelines.reporting.comparisons import (
    TESTED,
    AgainstTrivial,
    BestMark,
    Comparison,
    against_trivial,
    best_marks,
    compare_rows,
)
from pipelines.reporting.context_reading import ContextReading, context_headline, context_readings
from pipelines.reporting.verdict import verdict


@dataclass(frozen=True)
class GroupStudy:
    """One group: its rows, references, columns that have a figure, tests, best values, verdict, probes, cautions."""

    group: Group
    rows: list[Row]
    references: list[Reference]
    columns: list[MetricColumn]
    comparisons: list[Comparison]
    marks: dict[str, BestMark]
    against: list[AgainstTrivial]
    verdict: tuple[str, str]
    readings: list[ContextReading]
    cautions: list[str]

    @property
    def key(self) -> GroupKey:
        return self.group.key

    @property
    def counts(self) -> dict[str, Any]:
        """What was used, read, dropped and noted of each split: the same for all runs, so without what was made up."""
        counts = self.group.runs[0].results["counts"]
        train = {unit: n for unit, n in counts.get("train", {}).items() if unit != "augmentation"}
        return counts | ({"train": train} if train else {})

    @property
    def main_columns(self) -> list[MetricColumn]:
        """All columns in the order of one wide table: the headline metrics, people and probes, then the others."""
        measured = [column for column in self.columns if not column.is_predicted]
        if not measured:
            return self.columns
        headline = [column for key in TESTED for column in self.columns if column.key == key]
        return [*headline, *measured, *(c for c in self.columns if c not in headline and c not in measured)]

    @property
    def main_rows(self) -> list[Row]:
        """The rows that see both sides of a pair, without the twins."""
        return [row for row in self.rows if not row.is_twin]

    @property
    def lambda_rows(self) -> list[Row]:
        """The main rows of families, with their augmentation, that were run at more than one λ_emo."""
        weights: dict[str, set[float]] = {}
        for row in self.main_rows:
            weights.setdefault(row.name, set()).add(row.lambda_emo)
        return [row for row in self.main_rows if len(weights[row.name]) > 1]

    @property
    def main_lambda(self) -> float:
        """The λ_emo that most families share, the larger one of equals: its figures are shown first."""
        weights = [row.lambda_emo for row in self.rows]
        return max(weights, key=lambda weight: (weights.count(weight), weight))

    @property
    def context_line(self) -> str | None:
        """Who reads the context, in a sentence; None where no run was probed."""
        return context_headline(self.readings)


@dataclass(frozen=True)
class Study:
    """The whole report: its groups, the unfinished cells, cautions about all of it, and the command that makes it."""

    title: str
    groups: list[GroupStudy]
    unfinished: list[Path]
    cautions: list[str]
    report_command: str
    commands: list[str]


def study(collected: Collected, report_command: str) -> Study:
    """Aggregate, test and judge what was collected."""
    groups = [_group_study(group) for group in collected.groups]
    runs = [run for group in collected.groups for run in group.runs]
    return Study(
        title=experiment_title(sorted({run.results["experiment"] for run in runs})),
        groups=groups,
        unfinished=collected.unfinished,
        cautions=report_cautions(collected.groups, collected.unfinished),
        report_command=report_command,
        commands=list(dict.fromkeys(str(run.meta["command"]) for run in runs if run.meta.get("command"))),
    )


def experiment_title(experiments: Sequence[str]) -> str:
    """One name for the experiments of a report, which is also that of its folder."""
    return "+".join(experiments) if len(experiments) <= 3 else f"{experiments[0]}+{len(experiments) - 1}-more"


def _group_study(group: Group) -> GroupStudy:
    rows, references = rows_of(group), references_of(group)
    columns = [column for column in metric_columns() if any(row.values(column) for row in rows)]
    both_sides = [row for row in rows if not row.is_twin]
    against = against_trivial(both_sides, references, columns)
    return GroupStudy(
        group=group,
        rows=rows,
        references=references,
        columns=columns,
        comparisons=compare_rows(rows, columns),
        marks=best_marks(rows, references, columns),
        against=against,
        verdict=verdict(both_sides, references, columns, against),
        readings=context_readings(rows),
        cautions=group_cautions(group, rows, references, columns),
    )


def p_text(p: float) -> str:
    """A p-value to three digits, never zero."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def is_best(marks: dict[str, BestMark], column: MetricColumn, label: str) -> bool:
    """Whether `label` (a row's label or a reference's name) is marked as the best of the column."""
    mark = marks.get(column.key)
    return mark is not None and mark.significant and mark.best == label
