"""Reports over run folders: Markdown, LaTeX, JSON and one self-contained HTML page."""

import shlex
from pathlib import Path


def write_report(run_folders: list[Path], out: Path | None = None) -> dict[str, Path]:
    """Report on `run_folders`, each an experiment folder or a single run, and write the files into `out`.

    `out` defaults to reports/<experiment>. Returns the paths by format: markdown, latex, json, html.
    Raises UserError where there is no finished run to report on, or a file is broken or of another schema.
    """
    from pipelines.reporting.collect import collect
    from pipelines.reporting.render import write_files
    from pipelines.reporting.study import experiment_title, study

    collected = collect(run_folders)
    experiments = sorted({run.results["experiment"] for group in collected.groups for run in group.runs})
    target = Path("reports") / experiment_title(experiments) if out is None else out
    command = shlex.join(["empathy", "report", *(str(folder) for folder in run_folders), "--out", str(target)])
    return write_files(study(collected, command), target)
