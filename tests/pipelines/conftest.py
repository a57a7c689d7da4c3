"""Run folders with invented predictions, as `empathy train` would leave them, for whatever reads runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.evaluation.metrics import emotion_metrics, empathy_metrics

FINGERPRINT = "f" * 64


def invented_truth(examples: int = 96) -> pd.DataFrame:
    """Labels of `examples` examples, two to a dialogue; scores 1 to 5 in half points, all 32 emotions."""
    rng = np.random.default_rng(5)
    dialogue = np.arange(examples) // 2
    return pd.DataFrame(
        {
            "example_id": [f"d{d:04d}/{2 + 2 * (k % 2)}" for k, d in enumerate(dialogue)],
            "conv_id": [f"d{d:04d}" for d in dialogue],
            "turn": np.arange(examples, dtype=np.int32) % 2 * 2 + 2,
            "response_words": rng.integers(3, 30, examples).astype(np.int32),
            "empathy_true": (rng.integers(2, 11, examples) / 2).astype(np.float32),
            "emotion_true": (dialogue % 32).astype(np.int32),
        }
    )


def invented_scores(truth: pd.DataFrame, seed: int, noise: float, pull: float = 0.5) -> np.ndarray:
    """Scores drawn to the middle by `pull`, with `noise`; 0 and 0 give the truth."""
    rng = np.random.default_rng(seed)
    true = truth["empathy_true"].to_numpy(float)
    return np.clip(3 + (true - 3) * (1 - pull) + rng.normal(0, noise, len(true)), 1, 5) if noise else true


def invented_logits(truth: pd.DataFrame, seed: int, signal: float) -> np.ndarray:
    """Logits (examples, 32): standard normal, `signal` added to the true class and half of it to the one after."""
    logits = np.random.default_rng(seed + 1).normal(0, 1, (len(truth), 32))
    true = truth["emotion_true"].to_numpy()
    logits[np.arange(len(truth)), true] += signal
    logits[np.arange(len(truth)), (true + 1) % 32] += signal / 2
    return logits


def predictions(truth: pd.DataFrame, scores: np.ndarray | None, logits: np.ndarray | None) -> pd.DataFrame:
    """A predictions table in the columns of the run contract."""
    return truth.assign(
        empathy_pred=np.full(len(truth), np.nan, np.float32) if scores is None else scores.astype(np.float32),
        emotion_logits=[None] * len(truth) if logits is None else list(logits.astype(np.float32)),
    )


def metrics_of(frame: pd.DataFrame) -> dict[str, Any]:
    """What results.json says about a predictions table."""
    found = {}
    if frame["empathy_pred"].notna().any():
        found["empathy"] = empathy_metrics(frame["empathy_pred"].to_numpy(float), frame["empathy_true"].to_numpy(float))
    if frame["emotion_logits"].notna().all():
        logits = np.stack(frame["emotion_logits"].tolist())
        found["emotion"] = emotion_metrics(logits, frame["emotion_true"].to_numpy(int))
    return found


def _steps(seed: int, stages: tuple[str, ...]) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed + 2)
    found: list[dict[str, Any]] = []
    for index, stage in enumerate(stages):
        for step in range(10, 210, 10):
            place = {"stage": stage, "stage_index": index, "step": step, "epoch": step / 50}
            loss = float(2.5 * np.exp(-step / 90) + 0.4 + rng.normal(0, 0.06))
            found.append({**place, "split": "train", "loss": loss, "learning_rate": 3e-5})
            if step % 50 == 0:
                valid = {"loss": loss + 0.15, "accuracy": 0.45 * (1 - np.exp(-step / 80)) + rng.normal(0, 0.01)}
                if stage != "emotion":
                    valid |= {"mae": 0.9 * np.exp(-step / 250) + 0.1, "spearman": 0.7 * (1 - np.exp(-step / 90))}
                found.append({**place, "split": "valid", **valid})
    return found


@pytest.fixture(scope="session")
def write_run() -> Callable[..., Path]:
    """`write_run(experiment_folder, family, lambda_emo, seed, frame, **results)` writes a finished run."""

    def write(
        runs: Path,
        family: str,
        weight: float,
        seed: int,
        frame: pd.DataFrame,
        fingerprint: str = FINGERPRINT,
        **changes: Any,
    ) -> Path:
        folder = runs / f"{family}-lambda{weight:g}-seed{seed}"
        (folder / "predictions").mkdir(parents=True)
        for split in ("valid", "test"):
            frame.to_parquet(folder / "predictions" / f"{split}.parquet")
        stages = ("emotion", "multitask") if family == "stm" else ("cascade" if family == "mvc" else "multitask",)
        results = {
            "schema_version": 1,
            "experiment": runs.name,
            "family": family,
            "lambda_emo": weight,
            "seed": seed,
            "encoder": "package:tiny",
            "corpus": "invented",
            "context_view": "dialogue_context",
            "label_source": "own",
            "test_split": "test",
            "stages": list(stages),
            "signature": f"family:{family}|lambda:{weight:g}|seed:{seed}|corpus:invented|schema:1",
            "counts": {
                "train": {"dialogues": 400, "examples": 1600},
                "valid": {"dialogues": 48, "examples": 96},
                "test": {"dialogues": frame["conv_id"].nunique(), "examples": len(frame)},
                "corpus": {"train": {"dialogues": 500, "examples": 2000}},
                "dropped": {"train": {"rows_malformed": 4, "dialogues_excluded_id": 12}},
                "noted": {"train": {"turns_merged": 31}},
            },
            "metrics": {"valid": metrics_of(frame), "test": metrics_of(frame)},
        } | changes
        device = {"device": "Invented CPU, 2 threads", "precision": "fp32", "batch_size": 32}
        rates = {"batch1_median_ms": 5.5, "batch1_p90_ms": 6.5, "throughput_pairs_per_s": 410.0}
        meta = {
            "schema_version": 1,
            "command": f"empathy train configs/{family}.yaml",
            "versions": {"torch": "2.13.0"},
            "commit": "0123abc",
            "data_fingerprint": fingerprint,
            "encoder_sha256": "e" * 64,
            "device": "cpu",
            "wall_time_s": 90.0,
            "parameters": 22_700_000,
            "latency": device | rates,
        }
        (folder / "meta.json").write_text(json.dumps(meta))
        (folder / "metrics.jsonl").write_text("".join(json.dumps(step) + "\n" for step in _steps(seed, stages)))
        (folder / "results.json").write_text(json.dumps(results))
        return folder

    return write


@pytest.fixture(scope="session")
def write_references() -> Callable[..., Path]:
    """`write_references(experiment_folder, truth)` writes a constant and a majority reference."""

    def write(runs: Path, truth: pd.DataFrame, fingerprint: str = FINGERPRINT) -> Path:
        folder = runs / "references"
        folder.mkdir(parents=True)
        majority = np.tile(np.linspace(0, -1, 32), (len(truth), 1))
        frames = {
            "constant": predictions(truth, np.full(len(truth), 3.0), None),
            "majority": predictions(truth, None, majority),
        }
        for name, frame in frames.items():
            frame.to_parquet(folder / f"{name}.parquet")
        content = {
            "schema_version": 1,
            "data_fingerprint": fingerprint,
            "metrics": {name: metrics_of(frame) for name, frame in frames.items()},
        }
        (folder / "references.json").write_text(json.dumps(content))
        return folder

    return write


@pytest.fixture(scope="session")
def write_families(write_run: Callable[..., Path], write_references: Callable[..., Path]) -> Callable[[Path], Path]:
    """Writes an experiment of baseline, stm (λ 0.1) and mvc (λ 0.1 and 0.3) over two seeds, with references."""

    def write(runs: Path) -> Path:
        truth = invented_truth()
        cells = {("baseline", 0.1): 0.8, ("stm", 0.1): 0.7, ("mvc", 0.1): 0.3, ("mvc", 0.3): 0.5}
        for k, ((family, weight), noise) in enumerate(cells.items()):
            for seed in (17, 39):
                scores = invented_scores(truth, seed + 100 * k, noise)
                logits = invented_logits(truth, seed + 100 * k, 2.0 + k / 2)
                write_run(runs, family, weight, seed, predictions(truth, scores, logits))
        write_references(runs, truth)
        return runs

    return write


@pytest.fixture
def three_families(tmp_path: Path, write_families: Callable[[Path], Path]) -> Path:
    """A fresh experiment of the three families, to be changed at will."""
    return write_families(tmp_path / "runs" / "invented")


@pytest.fixture
def perfect() -> pd.DataFrame:
    """Predictions of a system that is always right."""
    truth = invented_truth()
    return predictions(truth, invented_scores(truth, 0, 0), np.eye(32)[truth["emotion_true"]] * 9)
