"""Our figures for a published table: finished runs, found by the configs that make them."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import UserError
from pipelines.evaluation.intervals import SeedInterval, seed_interval
from pipelines.literature.published import PROBES, PublishedRow, PublishedTable
from pipelines.peers.configuration import PeerSettings
from pipelines.peers.registry import load_peer, peer_of
from pipelines.training.parsing import flags_of, parse_settings
from pipelines.training.run_folder import RunFolder, cell_values


@dataclass(frozen=True)
class ReproducedRow:
    """Our side of a published row.

    settings: of its runs. results: results.json of the seeds that are finished, with "probes", their probes.json, where
    it is there. missing: seeds that are not finished, or not probed where the table asks for that.
    """

    row: PublishedRow
    config: str
    settings: PeerSettings
    results: list[dict[str, Any]]
    missing: list[int]

    def estimate(self, metric: str) -> SeedInterval | None:
        """Mean over seeds of a test metric with its t interval; None where there is no run or it is not defined."""
        values = [self._value(result, metric) for result in self.results]
        known = [value for value in values if value is not None]
        return seed_interval(known) if known and len(known) == len(values) else None

    def _value(self, result: dict[str, Any], metric: str) -> float | None:
        if not metric.startswith(PROBES):
            value: float | None = result["metrics"]["test"].get(metric)
            return value
        found: Any = result
        for part in metric.replace("{phrase}", self.row.phrase).split("/"):
            found = (found or {}).get(part)
        return None if found is None else float(found["value"])

    def direction(self, metric: str) -> str:
        """ "max" or "min", in which the metric gets better; of the probes' shares less is better."""
        if metric.startswith(PROBES):
            return "min"
        directions: dict[str, str] = load_peer(self.settings.peer).Cell.directions
        if metric not in directions:
            raise UserError(f"columns: expected metrics among {', '.join(directions)}, got {metric!r}")
        return directions[metric]

    def falls_short(self, column: str, metric: str) -> bool | None:
        """Whether the published figure is better than our whole interval; None where either is absent."""
        ours, published = self.estimate(metric), self.row.published.get(column)
        if ours is None or ours.low is None or ours.high is None or published is None:
            return None
        return published > ours.high if self.direction(metric) == "max" else published < ours.low

    @property
    def command(self) -> str:
        """What makes the runs."""
        return shlex.join(["empathy", "train", self.config, *flags_of(self.row.overrides)])

    @property
    def probe_command(self) -> str:
        """What probes the runs, all seeds together, where `command` leaves them."""
        seed = self.settings.seeds[0]
        cells = self.settings.cell_name(seed).removesuffix(str(seed)) + "*"
        return f"empathy probe configs/probe.yaml --scorers {PeerSettings.output_dir}/{self.settings.name}/{cells}"


def reproduce(table: PublishedTable, runs: str | None) -> list[ReproducedRow]:
    """Our rows, from the finished runs under `runs` (None: the config's own output_dir).

    Raises UserError for a config that is missing or that does not fit, a run of other settings than its row names, and
    results that cannot be read.
    """
    found = []
    for row in table.rows:
        config = row.experiment or table.experiment
        if not Path(config).is_file():
            raise UserError(
                f"{config}: expected the experiment of this table; run the command in the repository's root"
            )
        peer = peer_of([config])
        if peer is None:
            raise UserError(f"{config}: expected the experiment of a peer, with the key peer")
        output = [] if runs is None else [f"--output_dir={runs}"]
        argv = [config, *flags_of(row.overrides), *output]
        settings = parse_settings(load_peer(peer).Settings, argv, "empathy reproduce", "")
        results, missing = [], []
        for seed in settings.seeds:
            folder = RunFolder(settings, seed)
            result = _read(folder.results)
            if result is not None:
                folder.check(cell_values(settings, seed))  # a figure stands beside the command that makes it
            if result is None or (table.probed and "probes" not in result):
                missing.append(seed)
            else:
                results.append(result)
        found.append(ReproducedRow(row, config, settings, results, missing))
    return found


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        results["metrics"]["test"]  # asked for here, so that the error names the file
        probes = path.with_name("probes.json")
        if probes.is_file():
            results["probes"] = json.loads(probes.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: expected the results of a run, it cannot be read ({error}); run it again") from error
    return results
