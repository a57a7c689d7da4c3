"""Hashes of what signals depend on."""

import hashlib
from functools import lru_cache
from pathlib import Path

import pandas as pd

from modeling.encoder import load_backbone
from pipelines.errors import UserError
from pipelines.training.provenance import weights_sha256


def frame_hash(frame: pd.DataFrame) -> str:
    """Sha256 (hex) of the values of a table, row by row."""
    return hashlib.sha256(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()).hexdigest()


@lru_cache(maxsize=4)
def encoder_hash(encoder: str) -> str:
    """Sha256 (hex) of an encoder's weights. Raises UserError where it cannot be loaded."""
    try:
        return weights_sha256(load_backbone(encoder).state_dict())
    except OSError as error:
        raise UserError(str(error)) from error


def path_hash(path: Path) -> str:
    """Sha256 (hex) of a file, or of all files of a folder with their names; `hub` for what the Hub holds.

    Raises UserError where there is nothing at `path`.
    """
    if str(path) == "hub":
        return "hub"
    if not path.exists():
        raise UserError(f"{path}: expected a file or folder that a labelling function reads, there is none")
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(str(file.relative_to(path)).encode() + file.read_bytes())
    return digest.hexdigest()
