"""All probes of one scorer: each distinct pair is scored once, the real turns first, since the threshold is theirs."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.data.views import Example
from pipelines.errors import UserError
from pipelines.evaluation.scorers import Scorer
from pipelines.probes.estimates import RESAMPLES, SEED
from pipelines.probes.material import Material
from pipelines.probes.pairs import distinct
from pipelines.probes.probe import Scores
from pipelines.probes.registry import PROBES

SCHEMA_VERSION = 1


def probe_rows(material: Material) -> list[Example]:
    """Every pair that the probes need, each once, the real turns first."""
    return distinct([*material.real, *(row for probe in PROBES for row in probe.rows(material))])


def measure_scorer(
    scorer: Scorer, material: Material, announce: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """A scorer's record: threshold and the figures of every probe. Raises UserError where it cannot score a pair."""
    rows = probe_rows(material)
    by_id: dict[str, float] = {}
    real = distinct(material.real)
    by_id |= _score(scorer, real)
    threshold = float(np.median([by_id[row["example_id"]] for row in material.real]))
    announce(f"{scorer.name}: threshold {threshold:.4f}, the median of {len(material.real):,} real turns")
    by_id |= _score(scorer, rows[len(real) :])
    scores = Scores(by_id, threshold, scorer.empathic_from)
    return {
        "schema_version": SCHEMA_VERSION,
        "scorer": scorer.name,
        "pairs_scored": len(rows),
        "threshold": threshold,
        "material": material.counts(),
        **{probe.name: probe.measure(material, scores) for probe in PROBES},
    }


def _score(scorer: Scorer, rows: Sequence[Example]) -> dict[str, float]:
    given = scorer.score(rows)
    return {row["example_id"]: float(score) for row, score in zip(rows, given, strict=True)}


def settings_fingerprint(material: Material, folder: Path) -> str:
    """Sha256 (hex) of what a run's record depends on: the pairs, the dialogues they are of, and the model's files."""
    digest = hashlib.sha256(json.dumps([SCHEMA_VERSION, RESAMPLES, SEED, material.counts()]).encode())
    for row in probe_rows(material):
        digest.update(row["example_id"].encode())
    for turn in material.turns:
        digest.update(f"{turn['example_id']} {turn['emotion']}\n".encode())
    for path in sorted((folder / "model").glob("*")):
        if path.suffix in (".json", ".safetensors"):
            digest.update(path.name.encode())
            with path.open("rb") as handle:
                digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()


def finished_record(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """The record that an earlier probe left, if it was made of the same pairs and the same model."""
    if not path.is_file():
        return None
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: expected the JSON of an earlier probe, it cannot be read; delete it") from error
    return record if record.get("fingerprint") == fingerprint else None
