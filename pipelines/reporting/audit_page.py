"""Write an audit as audit.json, audit.md and one self-contained audit.html."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.atomic import write_json, write_text
from pipelines.evaluation.audit_study import (
    SCHEMA_VERSION,
    AuditStudy,
    Disagreement,
    DisagreementList,
    set_record,
)
from pipelines.evaluation.human_sets import HumanSet
from pipelines.evaluation.noise_ceiling import paired_to_dict
from pipelines.reporting.audit_plots import calibration_plot, correlation_plot
from pipelines.reporting.audit_tables import (
    MEANINGS,
    cautions,
    ceiling_table,
    ceiling_words,
    count_lines,
    disagreement_table,
    ordered_rows,
    overview_table,
    said_lines,
    set_table,
)
from pipelines.reporting.markup import markdown_table
from pipelines.reporting.page import render_page
from pipelines.reporting.plots import Figure
from pipelines.reporting.tables import Table

TITLE = "Agreement with people"


@dataclass(frozen=True)
class Reading:
    """One list of disagreements on the page: its table, and the texts of its items (none where they are left out)."""

    table: Table
    texts: list[tuple[Disagreement, list[tuple[str, str]]]]


def write_audit(study: AuditStudy, out: Path, command: str) -> dict[str, Path]:
    """Write the three files into `out` and return their paths by format: json, markdown, html."""
    paths = {name: out / f"audit.{end}" for name, end in (("json", "json"), ("markdown", "md"), ("html", "html"))}
    write_json(paths["json"], audit_json(study, command))
    write_text(paths["markdown"], markdown(study, command))
    write_text(paths["html"], html(study, command))
    return paths


def audit_json(study: AuditStudy, command: str) -> dict[str, Any]:
    """The audit as plain values; equal input gives equal output."""
    settings = study.settings
    return {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "sets": {
            human.name: set_record(human)
            | {"n": len(human.items), "scale": list(human.scale), "ceiling": study.ceilings[human.name].to_dict()}
            for human in study.sets
        },
        "across_sets": None if study.across is None else paired_to_dict(study.across),
        "rows": [
            {
                "name": row.column.name,
                "kind": row.column.kind,
                "sets": {name: None if one is None else one.to_dict() for name, one in row.agreements.items()},
            }
            for row in study.rows
        ],
        "over_seeds": [
            {
                "family": row.family,
                "seeds": row.seeds,
                "sets": {
                    name: {key: None if value is None else value._asdict() for key, value in figures.items()}
                    for name, figures in row.figures.items()
                },
            }
            for row in study.seeds
        ],
        "disagreements": [
            {
                "column": found.column,
                "set": found.human.name,
                "above": [_item_json(found, k, True, settings.texts) for k in range(len(found.above))],
                "below": [_item_json(found, k, False, settings.texts) for k in range(len(found.below))],
            }
            for found in study.disagreements
        ],
    }


def _item_json(found: DisagreementList, place: int, above: bool, texts: bool) -> dict[str, Any]:
    one = (found.above if above else found.below)[place]
    record: dict[str, Any] = {
        "item": one.item.item_id,
        "rater": one.item.rater,
        "rating": one.item.rating,
        "score": one.score,
        "score_rank": one.score_rank,
        "rating_rank": one.rating_rank,
    }
    if texts:
        record["text"] = [{"role": role, "text": text} for role, text in said_lines(found, place, above)]
    return record


def markdown(study: AuditStudy, command: str) -> str:
    """The audit without figures, in Markdown."""
    parts = [f"# {TITLE}", _bullets(count_lines(study)), _bullets(f"Caution: {one}" for one in cautions(study))]
    parts += [markdown_table(overview_table(study)), _bullets(f"{name}: {text}" for name, text in MEANINGS.items())]
    for human in study.sets:
        parts += [f"## {human.name}", markdown_table(set_table(study, human))]
    parts += ["## Ceilings", markdown_table(ceiling_table(study)), *ceiling_words(study)]
    readings = _readings(study)
    if readings:
        parts.append("## Disagreements to read")
    for reading in readings:
        parts += [f"### {reading.table.caption}", markdown_table(reading.table)]
        parts += [
            f"{one.item.item_id}, people {one.item.rating:g}, score {one.score:.2f}\n"
            + _bullets(f"{role}: {_plain(text)}" for role, text in said)
            for one, said in reading.texts
        ]
    parts += ["## To make it again", f"```sh\n{command}\n```"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _plain(text: str) -> str:
    """`text` with what Markdown would read as a mark escaped."""
    return "".join(f"\\{character}" if character in "\\`*_<[#" else character for character in text)


def html(study: AuditStudy, command: str) -> str:
    """One page with its style and figures inside, and no script."""
    rows = ordered_rows(study)
    return render_page(
        "audit",
        title=TITLE,
        study=study,
        counts=count_lines(study),
        cautions=cautions(study),
        meanings=MEANINGS,
        overview=overview_table(study),
        sets=[
            (
                human,
                set_table(study, human),
                correlation_plot(rows, human, f"c-{human.name}"),
                _calibration(study, human),
            )
            for human in study.sets
        ],
        ceilings=ceiling_table(study),
        ceiling_words=ceiling_words(study),
        readings=_readings(study),
        command=command,
    )


def _calibration(study: AuditStudy, human: HumanSet) -> list[Figure]:
    """A panel for the labels and for each scorer."""
    columns = [row.column for kind in ("labels", "scorer") for row in study.rows if row.column.kind == kind]
    drawn = (calibration_plot(column, human, f"k-{human.name}-{k}") for k, column in enumerate(columns))
    return [one for one in drawn if one is not None]


def _readings(study: AuditStudy) -> list[Reading]:
    found = []
    for one in study.disagreements:
        for above in (True, False):
            items = one.above if above else one.below
            texts = [(item, said_lines(one, k, above)) for k, item in enumerate(items)] if study.settings.texts else []
            if items:
                found.append(Reading(disagreement_table(one, above), texts))
    return found
