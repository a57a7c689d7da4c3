"""The signals: every labelling function's values for every listener turn, cached by a hash of all they depend on."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.atomic import write_with
from pipelines.data.exclude import exclude_file
from pipelines.errors import UserError
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.content_hash import encoder_hash, frame_hash, path_hash
from pipelines.labels.functions import FUNCTIONS
from pipelines.labels.functions.labelling_function import LabellingFunction

IDS = ["example_id", "conv_id", "turn", "split"]


@dataclass(frozen=True)
class Signals:
    """The signals of all turns.

    frame: IDS and a column `<function>.<value>` for each signal, a row for each turn. keys: function -> cache key.
    """

    frame: pd.DataFrame
    keys: dict[str, str]

    @property
    def names(self) -> list[str]:
        """The signals' columns."""
        return [str(column) for column in self.frame if column not in IDS]


def compute_signals(turns: pd.DataFrame, settings: LabelSettings) -> Signals:
    """Run the labelling functions that `settings` name; what the cache holds is not computed again.

    Raises UserError for an unknown function, or one that lacks a setting or a file.
    """
    for name in settings.functions:
        if name not in FUNCTIONS:
            raise UserError(f"functions: expected names out of {', '.join(FUNCTIONS)}, got {name!r}")
    chosen = [FUNCTIONS[name] for name in settings.functions]
    keys = _keys(chosen, turns, settings)  # every missing file is told before minutes of work
    parts = [turns[IDS].reset_index(drop=True)]
    for function in chosen:
        folder = cache_folder(settings, function.name, keys[function.name])
        values = folder / "values.parquet"
        if values.is_file():
            print(f"{function.name}: from the cache", flush=True)
        else:
            print(f"{function.name}: computing {len(turns):,} turns", flush=True)
            frame = function.compute(turns, settings, folder).astype(np.float32)
            _check(frame, function, len(turns))
            write_with(values, frame.to_parquet)
        parts.append(pd.read_parquet(values).add_prefix(f"{function.name}."))
    return Signals(pd.concat(parts, axis=1), keys)


def cache_folder(settings: LabelSettings, function: str, key: str) -> Path:
    """Where a labelling function keeps its values and what it trained."""
    return Path(settings.cache_dir) / f"{function}-{key[:16]}"


def _check(frame: pd.DataFrame, function: LabellingFunction, turns: int) -> None:
    if list(frame) != list(function.values) or len(frame) != turns:
        raise ValueError(
            f"labelling function {function.name}: expected {turns} rows of {', '.join(function.values)}, "
            f"came {len(frame)} of {', '.join(map(str, frame))}"
        )


def _keys(functions: list[LabellingFunction], turns: pd.DataFrame, settings: LabelSettings) -> dict[str, str]:
    encoder = ""
    if any(function.uses_encoder for function in functions):
        encoder = encoder_hash(settings.encoder)
    keys = {}
    for function in functions:
        files = {}
        for path in function.files(settings):
            files[path.name] = path_hash(path)
        excluded = exclude_file(settings.exclude_ids)
        if excluded is not None and function.learns and function.files(settings):
            files["exclude_ids"] = path_hash(excluded)
        described = {
            "function": function.name,
            "version": function.version,
            "values": list(function.values),
            "turns": frame_hash(turns[list(function.reads)]),
            "files": files,
            "encoder": encoder if function.uses_encoder else "",
            "seed": settings.seed if function.uses_encoder else 0,
        }
        keys[function.name] = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()
    return keys
