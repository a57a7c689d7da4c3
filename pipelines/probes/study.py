"""All scorers that were probed together, and the mean over seeds of those that differ in the seed alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.evaluation.intervals import SeedInterval, seed_interval
from pipelines.evaluation.scorers import read_results
from pipelines.probes.probe import Column
from pipelines.probes.registry import columns


@dataclass(frozen=True)
class Cell:
    """Which cell of which experiment a run is. Of a peer `family` is <peer>-<variant> and lambda_emo None."""

    experiment: str
    family: str
    lambda_emo: float | None
    seed: int


@dataclass(frozen=True)
class Probed:
    """A scorer and its record; `cell` is None for a scorer that is no run."""

    spec: str
    record: dict[str, Any]
    cell: Cell | None

    @property
    def name(self) -> str:
        return str(self.record["scorer"])

    @property
    def group(self) -> str:
        """The scorer's name without its seed."""
        return self.name if self.cell is None else self.name.removesuffix(f"-seed{self.cell.seed}")


@dataclass(frozen=True)
class SeedMean:
    """Mean and t interval over the seeds of a group, by column; None where a seed has no such figure."""

    name: str
    seeds: list[int]
    figures: dict[tuple[str, ...], SeedInterval | None]


@dataclass(frozen=True)
class ProbeStudy:
    """What the tables, the page and the JSON are made of."""

    probed: list[Probed]
    settings: Mapping[str, Any]
    material: Mapping[str, Any]
    command: str

    @property
    def seed_means(self) -> list[SeedMean]:
        """One for each group of at least two seeds, in order of appearance."""
        groups: dict[str, list[Probed]] = {}
        for one in self.probed:
            if one.cell is not None:
                groups.setdefault(one.group, []).append(one)
        return [_seed_mean(name, members) for name, members in groups.items() if len(members) > 1]


def run_cell(folder: Path) -> Cell:
    """The cell that a run folder holds. Raises UserError where it is no finished run with a score."""
    results = read_results(folder)
    if "peer" in results:
        return Cell(results["experiment"], f"{results['peer']}-{results['variant']}", None, results["seed"])
    return Cell(results["experiment"], results["family"], results["lambda_emo"], results["seed"])


def figure(column: Column, record: Mapping[str, Any]) -> float | None:
    """The plain value of a column, which may be an estimate or a number."""
    found = column.read(record)
    value = found["value"] if isinstance(found, dict) else found
    return None if value is None else float(value)


def _seed_mean(name: str, members: Sequence[Probed]) -> SeedMean:
    figures: dict[tuple[str, ...], SeedInterval | None] = {}
    for column in columns():
        values = [figure(column, one.record) for one in members]
        known = [value for value in values if value is not None]
        figures[column.path] = seed_interval(known) if len(known) == len(values) else None
    return SeedMean(name, [one.cell.seed for one in members if one.cell is not None], figures)
