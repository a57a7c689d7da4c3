"""Fewer resamples than a real report draws, so that the tests stay fast, and runs that were audited and probed."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.reporting import comparisons

# Invented: context-swap areas by seed of each system of `hybrid_experiments`.
AREAS = {
    ("baseline", "none", "both"): {17: 0.52, 39: 0.56, 43: 0.48},
    ("mvc", "none", "both"): {17: 0.60, 39: 0.62, 43: 0.64},
    ("mvc", "none", "response"): {17: 0.50, 39: 0.50, 43: 0.49},
    ("mvc", "context-aware", "both"): {17: 0.84, 39: 0.86, 43: 0.91},
}


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "RESAMPLES", 200)
    monkeypatch.setattr(comparisons, "MARK_RESAMPLES", 60)


def interval(value: float | None, half: float, n: int | None = None) -> dict[str, float | int | None]:
    """A figure as the audit and the probe write it."""
    low, high = (None, None) if value is None else (round(value - half, 6), round(value + half, 6))
    return {"value": value, "low": low, "high": high} | ({} if n is None else {"n": n})


@pytest.fixture(scope="session")
def write_agreement() -> Callable[..., Path]:
    """`write_agreement(run_folder, spearman, within, mae, responses)` writes human_agreement.json."""

    def write(
        folder: Path, spearman: float, within: float | None = 0.3, mae: float = 0.8, responses: float = 0.25
    ) -> Path:
        dialogues = {
            "n": 120,
            "spearman": interval(spearman, 0.1),
            "mae": interval(mae, 0.05),
            "spearman_within_rater": None if within is None else interval(within, 0.1),
        }
        sets = {"dialogues": dialogues, "responses": {"n": 300, "spearman": interval(responses, 0.06)}}
        path = folder / "human_agreement.json"
        path.write_text(json.dumps({"schema_version": 1, "sets": sets}))
        return path

    return write


@pytest.fixture(scope="session")
def write_probes() -> Callable[..., Path]:
    """`write_probes(run_folder, area, flipped)` writes probes.json; the area is .1 less within an emotion."""

    def write(folder: Path, area: float, flipped: float) -> Path:
        swap = {
            "area": interval(area, 0.02, 800),
            "same_emotion": interval(round(area - 0.05, 6), 0.03, 400),
            "different_emotion": interval(round(area + 0.05, 6), 0.03, 400),
        }
        insertion = {"not_empathic": 500, "flipped": interval(flipped, 0.03, 500), "by_phrase": {}, "by_corpus": {}}
        content = {"schema_version": 1, "threshold": 3.1, "insertion": insertion, "context_swap": swap}
        path = folder / "probes.json"
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.fixture
def hybrid_experiments(
    tmp_path: Path,
    write_run: Callable[..., Path],
    write_references: Callable[..., Path],
    write_agreement: Callable[..., Path],
    write_probes: Callable[..., Path],
    perfect: pd.DataFrame,
) -> list[Path]:
    """Three seeds of the systems in AREAS, with and without augmentation in two experiments, twins in a third."""
    folders = {"both": "hybrid", "response": "hybrid-response"}
    rng = np.random.default_rng(3)
    found = []
    for (family, augmentation, seen), areas in AREAS.items():
        runs = tmp_path / "runs" / (folders[seen] if augmentation == "none" else "hybrid-augmented")
        found.append(runs)
        for seed, area in areas.items():
            noise = rng.normal(0, {"none": 0.6, "context-aware": 0.2}[augmentation], len(perfect))
            scores = np.clip(perfect["empathy_true"] + noise, 1, 5).astype(np.float32)
            added = {} if (augmentation, seen) == ("none", "both") else {"augmentation": augmentation, "seen": seen}
            folder = write_run(runs, family, 0.1, seed, perfect.assign(empathy_pred=scores), **added)
            if augmentation != "none":
                results = json.loads((folder / "results.json").read_text())
                results["counts"]["train"]["augmentation"] = {"phrase_inserted": 320, "context_swapped": 1600}
                (folder / "results.json").write_text(json.dumps(results))
            write_agreement(folder, round(area / 2, 6))
            write_probes(folder, area, flipped=1 - area)
    for runs in dict.fromkeys(found):
        write_references(runs, perfect)
    return list(dict.fromkeys(found))
