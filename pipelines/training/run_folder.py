"""The folder of a run: its names, its configuration, and its log."""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import yaml

from pipelines.atomic import write_text
from pipelines.errors import UserError
from pipelines.training.configuration import DataSettings, EncoderSettings, ExperimentSettings, RunSettings
from pipelines.training.parsing import settings_of

# Settings that say where and how a cell is run, not what it computes.
_NOT_IDENTITY = ("seeds", "output_dir", "tracker", "checkpoint_every", "name", "distribute")
_NOT_IDENTITY_OF_DATA = ("path", "labels_path", "goemotions_path", "exclude_ids", "strict")  # the fingerprint tells


class RunFolder:
    """Paths of one cell, a seed of an experiment."""

    def __init__(self, settings: RunSettings, seed: int) -> None:
        self.experiment = Path(settings.output_dir) / settings.name
        self.path = self.experiment / settings.cell_name(seed)
        self.config = self.path / "config.yaml"
        self.meta = self.path / "meta.json"
        self.metrics = self.path / "metrics.jsonl"
        self.results = self.path / "results.json"
        self.predictions = self.path / "predictions"
        self.model = self.path / "model"
        self.checkpoint = self.path / "checkpoint.pt"
        self.best = self.path / "best.safetensors"
        self.references = self.experiment / "references"

    def stage(self, index: int, objective: str) -> Path:
        """Folder of a stage: its meta.json and, until the run ends, its weights."""
        return self.path / "stages" / f"{index + 1}-{objective}"

    def check(self, identity: dict[str, Any]) -> None:
        """Raise UserError, naming each difference, where the folder belongs to another identity (see `cell_values`).

        What `identity` does not tell (the encoder's hash, before it is loaded) is not compared.
        """
        if not self.config.is_file():
            return
        try:
            there = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise UserError(f"{self.config}: expected YAML, it cannot be read; delete the run folder") from error
        differences = _differences(_identity(there, identity), _identity(identity, identity))
        if differences:
            raise UserError(
                f"{self.path} belongs to another configuration: {'; '.join(differences)}. "
                "Choose another name or output_dir, or delete the folder to start over"
            )

    def claim(self, identity: dict[str, Any]) -> None:
        """Write config.yaml, once all that it names was found."""
        header = "# The configuration of this run as resolved: every default is written out.\n"
        write_text(self.config, header + yaml.safe_dump(identity, sort_keys=False))


def cell_values(settings: RunSettings, seed: int) -> dict[str, Any]:
    """The settings of one cell as plain data: its seed in place of all."""
    values = asdict(settings)
    del values["seeds"]
    return values | {"seed": seed}


def cell_settings(folder: Path) -> ExperimentSettings:
    """The settings that a run was made with, its own seed as their only one. Raises UserError where they are broken."""
    path = folder / "config.yaml"
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        known = {one.name for one in fields(ExperimentSettings)}
        chosen = {key: value for key, value in values.items() if key in known} | {"seeds": [values["seed"]]}
    except (OSError, yaml.YAMLError, AttributeError, KeyError) as error:
        raise UserError(f"{path}: expected the configuration of a run, it cannot be read: {error}") from error
    return settings_of(ExperimentSettings, chosen, str(path))


def _identity(values: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in values.items() if key not in _NOT_IDENTITY and key in told}
    # A folder of an earlier release does not name every setting: what it did not have was as the default is.
    data = asdict(DataSettings()) | kept.get("data", {})
    kept["encoder"] = asdict(EncoderSettings()) | kept.get("encoder", {})
    kept["data"] = {key: value for key, value in data.items() if key not in _NOT_IDENTITY_OF_DATA}
    return kept


def _differences(there: Any, here: Any, key: str = "") -> list[str]:
    """Dotted keys whose values differ, each as `key: there -> here`."""
    if isinstance(there, dict) and isinstance(here, dict):
        names = [*there, *(name for name in here if name not in there)]
        return [
            difference
            for name in names
            for difference in _differences(there.get(name), here.get(name), f"{key}.{name}" if key else str(name))
        ]
    if isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        return [d for i, (a, b) in enumerate(zip(there, here, strict=True)) for d in _differences(a, b, f"{key}[{i}]")]
    return [] if there == here else [f"{key} was {there!r}, is {here!r}"]


class MetricsLog:
    """metrics.jsonl: one object a line, by step."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, row: dict[str, Any]) -> None:
        """Add a row and hand it to the disk. Raises UserError on a full disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.path.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps(row, sort_keys=True) + "\n")
        except OSError as error:
            raise UserError(
                f"{self.path}: could not be written ({error.strerror}); free some space and run again"
            ) from error

    def rewind(self, stage_index: int, step: int) -> None:
        """Drop what was logged after this step (and a torn last line): a resumed run logs it again."""
        if not self.path.is_file():
            return
        kept = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                break
            if (row["stage_index"], row["step"]) <= (stage_index, step):
                kept.append(line)
        write_text(self.path, "".join(line + "\n" for line in kept))
