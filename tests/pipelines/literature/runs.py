"""Invented finished runs of a table's rows."""

import json
from collections.abc import Sequence
from pathlib import Path

from pipelines.literature.reproduced import ReproducedRow
from pipelines.training.run_folder import RunFolder, cell_values


def write_runs(row: ReproducedRow, metrics: Sequence[dict[str, float | None]], output_dir: Path) -> None:
    """One finished run a seed of a row that was read from `output_dir`, with these test metrics."""
    for seed, figures in zip(row.settings.seeds, metrics, strict=False):
        folder = RunFolder(row.settings, seed)
        path = folder.results
        assert output_dir in path.parents
        folder.claim(cell_values(row.settings, seed))
        path.write_text(json.dumps({"seed": seed, "metrics": {"test": figures}}), encoding="utf-8")
