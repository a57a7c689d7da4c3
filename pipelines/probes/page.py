"""Write a probe study as probes.json, probes.md and one self-contained probes.html."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.atomic import write_json, write_text
from pipelines.probes.measure import SCHEMA_VERSION
from pipelines.probes.plots import flip_plot, swap_plot
from pipelines.probes.registry import PROBES, THRESHOLD, columns
from pipelines.probes.study import ProbeStudy
from pipelines.probes.tables import meanings, overview_table, own_threshold_table, phrase_table, probe_table
from pipelines.reporting.markup import markdown_table
from pipelines.reporting.page import render_page
from pipelines.reporting.tables import Table

TITLE = "Probes"
INTRODUCTION = (
    "What makes a scorer's figure rise that should not, and whether it reads the context. Every scorer has a threshold "
    "of its own, the median score that it gives real listener turns."
)


def write_study(study: ProbeStudy, out: Path) -> list[Path]:
    """Write the three files into `out` and return their paths."""
    paths = [out / f"probes.{ending}" for ending in ("json", "md", "html")]
    write_json(paths[0], study_json(study))
    write_text(paths[1], markdown(study))
    write_text(paths[2], html(study))
    return paths


def study_json(study: ProbeStudy) -> dict[str, Any]:
    """Every figure as plain values, the meaning of each column beside them."""
    return {
        "schema_version": SCHEMA_VERSION,
        "command": study.command,
        "settings": dict(study.settings),
        "material": dict(study.material),
        "scorers": [
            {"spec": one.spec, "cell": None if one.cell is None else vars(one.cell), **one.record}
            for one in study.probed
        ],
        "seeds": [
            {
                "name": mean.name,
                "seeds": mean.seeds,
                "figures": {
                    ".".join(path): None if interval is None else interval._asdict()
                    for path, interval in mean.figures.items()
                },
            }
            for mean in study.seed_means
        ],
        "columns": {".".join(column.path): column.meaning for column in columns()},
    }


def markdown(study: ProbeStudy) -> str:
    """The study without figures, in Markdown."""
    parts = [f"# {TITLE}", INTRODUCTION, _material(study), "## Overview", markdown_table(overview_table(study))]
    parts.append(_definitions(meanings([column for column in columns() if column.headline])))
    for probe in PROBES:
        parts += [f"## {probe.title}", probe.about, markdown_table(probe_table(study, probe))]
        if probe.name == "insertion":
            parts += [markdown_table(table) for table in _phrase_tables(study)]
        parts.append(_definitions(meanings(probe.columns)))
    parts += ["## To make it again", f"```sh\n{study.command}\n```"]
    return "\n\n".join(parts) + "\n"


def html(study: ProbeStudy) -> str:
    """One page with its style and figures inside, and no script."""
    figures = {"insertion": [flip_plot(study)], "context_swap": [swap_plot(study)]}
    sections = [
        {
            "probe": probe,
            "table": probe_table(study, probe),
            "details": _phrase_tables(study) if probe.name == "insertion" else [],
            "figures": figures.get(probe.name, []),
            "meanings": meanings(probe.columns),
        }
        for probe in PROBES
    ]
    return render_page(
        "probes",
        title=TITLE,
        introduction=INTRODUCTION,
        material=_material(study),
        overview=overview_table(study),
        meanings=meanings([THRESHOLD]),
        sections=sections,
        study=study,
    )


def _phrase_tables(study: ProbeStudy) -> list[Table]:
    own = own_threshold_table(study)
    return [phrase_table(study), *([] if own is None else [own])]


def _material(study: ProbeStudy) -> str:
    found = study.material
    corpora = ", ".join(
        f"{name} ({each['pairs']:,} pairs"
        + (f", {each['rows_left_out']:,} empty rows left out)" if each["rows_left_out"] else ")")
        for name, each in found["corpora"].items()
    )
    return (
        f"{found['turns']:,} real listener turns of {found['dialogues']:,} dialogues of the {found['split']} split; "
        f"exchanges that call for no empathy: {corpora}."
    )


def _definitions(items: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"- **{title}**: {meaning}." for title, meaning in items)
