"""Everything the report says about one group of runs, worked out once for all four formats."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.reporting.aggregate import MetricColumn, Row, metric_columns, references_of, rows_of
from pipelines.reporting.cautions import group_cautions, report_cautions
from pipelines.reporting.collect import Collected, Group, GroupKey, Reference
from pipelines.reporting.comparisons import TESTED, BestMark, Comparison, best_marks, compare_families


@dataclass(frozen=True)
class GroupStudy:
    """One group: its rows, references, columns that have a figure, tests, best values and cautions."""

    group: Group
    rows: list[Row]
    references: list[Reference]
    columns: list[MetricColumn]
    comparisons: list[Comparison]
    marks: dict[str, BestMark]
    cautions: list[str]

    @property
    def key(self) -> GroupKey:
        return self.group.key

    @property
    def lambda_rows(self) -> list[Row]:
        """The rows of families that were run at more than one λ_emo."""
        weights: dict[str, set[float]] = {}
        for row in self.rows:
            weights.setdefault(row.name, set()).add(row.lambda_emo)
        return [row for row in self.rows if len(weights[row.name]) > 1]

    @property
    def main_lambda(self) -> float:
        """The λ_emo that most families share, the larger one of equals: its figures are shown first."""
        weights = [row.lambda_emo for row in self.rows]
        return max(weights, key=lambda weight: (weights.count(weight), weight))

    def headlines(self) -> list[str]:
        """The best row on each headline metric against the second, and whether the difference is shown."""
        found = []
        for key in TESTED:
            mark = self.marks.get(key)
            if mark is None:
                continue
            verdict = (
                "the difference holds on these examples"
                if mark.significant
                else "the difference is within what chance over examples gives"
            )
            found.append(
                f"{mark.metric.title}: {mark.best} comes first, {abs(mark.difference):.4f} ahead of {mark.second}; "
                f"{verdict} (permutation test, Holm-adjusted p {p_phrase(mark.p_holm)})."
            )
        return found


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
    return GroupStudy(
        group=group,
        rows=rows,
        references=references,
        columns=columns,
        comparisons=compare_families(rows, columns),
        marks=best_marks(rows, references, columns),
        cautions=group_cautions(group, rows, references, columns),
    )


def p_text(p: float) -> str:
    """A p-value to three digits, never zero."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_phrase(p: float) -> str:
    """A p-value with its relation, as in running text."""
    return p_text(p) if p < 0.001 else f"= {p_text(p)}"


def is_best(marks: dict[str, BestMark], column: MetricColumn, label: str) -> bool:
    """Whether `label` (a row's label or a reference's name) is marked as the best of the column."""
    mark = marks.get(column.key)
    return mark is not None and mark.significant and mark.best == label
