"""A sweep: one result a cell, finished ones skipped, failed ones reported at the end."""

import time
import traceback
from dataclasses import dataclass, replace
from typing import Any

from pipelines.errors import UserError
from pipelines.training.configuration import ExperimentSettings, SweepSettings
from pipelines.training.experiment import launched, run_experiment
from pipelines.training.families import load_family
from pipelines.training.parsing import load_experiment
from pipelines.training.run_folder import RunFolder
from pipelines.training.summary import summary_lines
from pipelines.training.tasks import check_stages


@dataclass(frozen=True)
class PlannedCell:
    """One cell of a sweep: settings with a single seed."""

    settings: ExperimentSettings

    @property
    def folder(self) -> RunFolder:
        """Where its run lies."""
        return RunFolder(self.settings, self.settings.seeds[0])

    @property
    def finished(self) -> bool:
        """Whether an earlier run of the sweep has its results."""
        return self.folder.results.is_file()


def plan_sweep(sweep: SweepSettings) -> list[PlannedCell]:
    """Every cell, seeds outermost, so that a sweep that is stopped has compared all families on the seeds it reached.

    Raises UserError where a config cannot be read, does not fit its family, or two cells share a folder.
    """
    cells = []
    for seed in sweep.seeds:
        for path in sweep.configs:
            config = load_experiment(path, sweep.overrides)
            check_stages(load_family(config.family), config.stages, config.data)
            for lambda_emo in [config.lambda_emo] if sweep.lambda_emo is None else sweep.lambda_emo:
                settings = replace(
                    config, name=sweep.name, output_dir=sweep.output_dir, lambda_emo=lambda_emo, seeds=[seed]
                )
                cells.append(PlannedCell(settings))
    if launched() and any(cell.settings.distribute == "seeds" for cell in cells):
        raise UserError("distribute: expected batch for a sweep under accelerate launch, got seeds; use empathy train")
    folders = [cell.folder.path for cell in cells]
    twice = sorted({str(folder) for folder in folders if folders.count(folder) > 1})
    if twice:
        raise UserError(f"configs: expected one config a family, cells share a folder: {', '.join(twice)}")
    return cells


def run_sweep(sweep: SweepSettings) -> int:
    """Run the cells that are not finished; return 0, or 1 where a cell failed."""
    cells = plan_sweep(sweep)
    left = [cell for cell in cells if not cell.finished]
    print(f"{sweep.name}: {len(cells)} cells, {len(cells) - len(left)} finished, {len(left)} to run")
    for cell in cells:
        print(f"  {'done' if cell.finished else 'todo'}  {cell.folder.path}")
    results: list[dict[str, Any]] = []
    failures: list[tuple[PlannedCell, str]] = []
    times: list[float] = []
    for cell in cells:
        if cell in left:
            number = left.index(cell) + 1
            print(f"\ncell {number}/{len(left)}{_time_left(times, len(left) - number + 1)}")
        started = time.perf_counter()
        try:
            results += run_experiment(cell.settings)
        except Exception as error:  # one bad cell must not cost the night's others
            if not isinstance(error, UserError):
                traceback.print_exc()
            failures.append(
                (cell, f"{type(error).__name__}: {error}" if not isinstance(error, UserError) else str(error))
            )
            print(f"cell failed: {failures[-1][1]}")
            continue
        if cell in left:
            times.append(time.perf_counter() - started)
    print("\n" + "\n".join(summary_lines(results)))
    for cell, reason in failures:
        print(f"FAILED {cell.folder.path}: {reason}")
    if failures:
        print(f"{len(failures)} of {len(cells)} cells failed; the same command runs them again")
    return 1 if failures else 0


def _time_left(times: list[float], cells: int) -> str:
    if not times:
        return ""
    minutes = sum(times) / len(times) * cells / 60
    return f", about {minutes:.0f} min left ({sum(times) / len(times):.0f} s a cell)"
