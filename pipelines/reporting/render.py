"""Write a study as report.md, report.tex, report.json and one self-contained report.html."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.atomic import write_json, write_text
from pipelines.reporting import plots
from pipelines.reporting.aggregate import Row, row_label
from pipelines.reporting.collect import SEEN
from pipelines.reporting.comparisons import TESTED
from pipelines.reporting.diagnostics import confusion, emotion_reliability, score_reliability, top_confusions
from pipelines.reporting.json_report import report_json
from pipelines.reporting.markup import latex_table, markdown_table
from pipelines.reporting.page import render_page
from pipelines.reporting.plots import Figure
from pipelines.reporting.study import GroupStudy, Study
from pipelines.reporting.tables import (
    Table,
    command_lines,
    context_table,
    cost_table,
    lambda_table,
    main_table,
    published_table,
    result_tables,
    setting_table,
    signature_lines,
    split_table,
    tests_caption,
    tests_table,
)

NO_TESTS = (
    "No two families, nor one with and without augmentation, were run at the same λ_emo with a common seed, "
    "so there is nothing to pair."
)


@dataclass(frozen=True)
class RowFigures:
    """The figures of one row of a section; `opened` says whether the page shows them before they are asked for."""

    label: str
    opened: bool
    parts: list[tuple[str, list[Figure]]]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One group as the page shows it."""

    anchor: str
    study: GroupStudy
    setting: Table
    splits: Table
    signatures: list[tuple[str, str]]
    main: Table
    context: Table | None
    cost: Table
    weights: Table | None
    weight_plots: list[Figure]
    published: Table
    tests: Table | None
    curves: list[RowFigures]
    confusions: list[RowFigures]
    scores: list[RowFigures]
    reliability: list[Figure]


def write_files(study: Study, out: Path) -> dict[str, Path]:
    """Write the four files into `out` and return their paths by format: markdown, latex, json, html."""
    paths = {
        name: out / f"report.{ending}"
        for name, ending in (("markdown", "md"), ("latex", "tex"), ("json", "json"), ("html", "html"))
    }
    write_text(paths["markdown"], markdown(study))
    write_text(paths["latex"], latex(study))
    write_json(paths["json"], report_json(study))
    write_text(paths["html"], html(study))
    return paths


def markdown(study: Study) -> str:
    """The report without figures, in Markdown."""
    parts = [f"# Report: {study.title}", *_bullets(study.cautions)]
    for group in study.groups:
        parts.append(f"## {group_title(group)}")
        parts += [" ".join(group.verdict), *_bullets([group.context_line] if group.context_line else [])]
        parts += _bullets(f"Caution: {caution}" for caution in group.cautions)
        parts += ["### Setting", markdown_table(setting_table(group)), markdown_table(split_table(group))]
        for table in result_tables(group):
            parts += [f"### {table.caption}", markdown_table(table)]
        if not group.comparisons:
            parts.append(NO_TESTS)
        parts += ["### Signatures", *_bullets(f"{label}: `{signature}`" for label, signature in signature_lines(group))]
    parts += ["## To make it again", "```sh\n" + "\n".join(command_lines(study)) + "\n```"]
    return "\n\n".join(parts) + "\n"


def _bullets(lines: Iterable[str]) -> list[str]:
    text = "\n".join(f"- {line}" for line in lines)
    return [text] if text else []


def latex(study: Study) -> str:
    """The tables of the report, to be put into a paper with `\\input`."""
    parts = ["% Tables of an `empathy report`. In the preamble: \\usepackage{booktabs}"]
    parts += [f"% {line}" for line in command_lines(study)]
    for k, group in enumerate(study.groups, start=1):
        parts += [f"% {group_title(group)}", *(f"% {sentence}" for sentence in group.verdict)]
        parts += [latex_table(table, f"{table.name}-{k}") for table in result_tables(group)]
    return "\n\n".join(parts) + "\n"


def html(study: Study) -> str:
    """One page with its style and figures inside, and no script."""
    sections = [_section(group, f"g{k}") for k, group in enumerate(study.groups, start=1)]
    return render_page(
        "report",
        study=study,
        sections=sections,
        commands=command_lines(study),
        group_title=group_title,
        no_tests=NO_TESTS,
        tests_caption=tests_caption,
    )


def group_title(group: GroupStudy) -> str:
    """The group in words."""
    key = group.key
    return f"{key.corpus}, {key.label_source or 'no'} labels, {key.context_view} view, {key.encoder}, {key.test_split}"


def palette(group: GroupStudy) -> dict[str, int]:
    """Which color and mark each system has, the same in every figure."""
    return {name: k for k, name in enumerate(dict.fromkeys(row.name for row in group.rows))}


def _section(group: GroupStudy, anchor: str) -> Section:
    weight_plots = []
    if group.lambda_rows:
        columns = [column for key in TESTED for column in group.columns if column.key == key]
        weight_plots = [
            plots.lambda_plot(group.lambda_rows, column, palette(group), f"{anchor}-l{column.key}")
            for column in columns
        ]
    named = [
        (row, f"{anchor}-r{k}", row.lambda_emo == group.main_lambda and not row.is_twin)
        for k, row in enumerate(group.rows)
    ]
    return Section(
        anchor=anchor,
        study=group,
        setting=setting_table(group),
        splits=split_table(group),
        signatures=signature_lines(group),
        main=main_table(group, group.main_columns, "main", "Test results"),
        context=context_table(group),
        cost=cost_table(group),
        weights=lambda_table(group),
        weight_plots=weight_plots,
        published=published_table(group),
        tests=tests_table(group),
        curves=[_curves(row, name, opened) for row, name, opened in named],
        confusions=[found for row, name, opened in named if (found := _confusion(row, name, opened))],
        scores=[found for row, name, opened in named if (found := _scores(row, name, opened))],
        reliability=_reliability(group, anchor),
    )


def _curves(row: Row, name: str, opened: bool) -> RowFigures:
    parts = [(f"stage {stage}", figures) for stage, figures in plots.learning_curves(row, f"{name}-c")]
    return RowFigures(row_label(row), opened, parts)


def _confusion(row: Row, name: str, opened: bool) -> RowFigures | None:
    matrix = confusion(row)
    if matrix is None:
        return None
    pairs = ", ".join(f"{true} taken for {pred} ({share:.0%})" for true, pred, share in top_confusions(matrix))
    figure = plots.confusion_plot(row, matrix, f"{name}-m")
    return RowFigures(
        row_label(row), opened, [("", [figure])], f"Most frequent: {pairs}." if pairs else "No confusions."
    )


def _scores(row: Row, name: str, opened: bool) -> RowFigures | None:
    boxes, spread = plots.score_boxes(row, f"{name}-b"), plots.score_distribution(row, f"{name}-d")
    return RowFigures(row_label(row), opened, [("", [boxes, spread])]) if boxes and spread else None


def _reliability(group: GroupStudy, anchor: str) -> list[Figure]:
    """Two panels, score and emotion, for each side seen and λ_emo."""
    found: list[Figure] = []

    def order(row: Row) -> tuple[int, bool, float]:
        return SEEN.index(row.seen), row.lambda_emo != group.main_lambda, -row.lambda_emo

    for _, rows in itertools.groupby(sorted(group.rows, key=order), key=order):
        members = list(rows)
        weight, seen = members[0].lambda_emo, members[0].seen
        scores = [(row.name, curve) for row in members if (curve := score_reliability(row))]
        emotions = [(row.name, curve) for row in members if (curve := emotion_reliability(row))]
        for task, curves in (("empathy", scores), ("emotion", emotions)):
            if curves:
                words = "score" if task == "empathy" else "emotion"
                title = f"{words}, λ {weight:g}" if seen == "both" else f"{words}, λ {weight:g}, {seen} only"
                name = f"{anchor}-w{len(found)}"
                found.append(plots.reliability_plot(curves, task, title, palette(group), name))
    return found
