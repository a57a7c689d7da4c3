"""Anything that scores how empathic a response is in its context: a run, a release, a Python callable, a CSV of scores.

A new kind of scorer is one function and one line in `SCORER_KINDS`.
"""

import csv
import importlib
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from pipelines.data.views import Example
from pipelines.errors import UserError

if TYPE_CHECKING:
    import torch

BATCH_SIZE = 64


@dataclass(frozen=True)
class Scorer:
    """A scorer of listener turns.

    name: as a table shows it. score: n rows with the columns of EXAMPLE_FEATURES -> (n,) finite floats, higher meaning
    more empathic, on a scale of the scorer's own; raises UserError where it cannot score a row.
    empathic_from: the score from which the system itself calls a response empathic; None where it has no such bound.
    """

    name: str
    score: Callable[[Sequence[Example]], np.ndarray]
    empathic_from: float | None = None


def load_scorer(spec: str) -> Scorer:
    """The scorer that `spec` names: a run folder, or `<kind>:<what>` with a kind of `SCORER_KINDS`.

    Raises UserError where there is no such scorer, or it cannot be loaded.
    """
    kind, colon, rest = spec.partition(":")
    if colon and kind in SCORER_KINDS:
        return SCORER_KINDS[kind](rest)
    folder = run_folder(spec)
    if folder is None:
        kinds = ", ".join(f"{kind}:..." for kind in SCORER_KINDS)
        raise UserError(
            f"scorer {spec!r}: expected a run folder (with results.json and model/) or one of {kinds}, "
            f"there is no such folder (you are in {os.getcwd()})"
        )
    return _run_scorer(folder)


def run_folder(spec: str) -> Path | None:
    """The run folder that a scorer's `spec` names, None where it names another kind or there is no such folder."""
    kind, colon, _ = spec.partition(":")
    return Path(spec) if not (colon and kind in SCORER_KINDS) and Path(spec).is_dir() else None


def read_results(folder: Path) -> dict[str, Any]:
    """results.json of a run, of a family or, where it has a "peer", of a peer.

    Raises UserError where the run has none, cannot be read, or is of a family and predicts no score.
    """
    path = folder / "results.json"
    if not path.is_file() or not (folder / "model").is_dir():
        raise UserError(
            f"{folder}: expected the folder of a finished run, with results.json and model/; it lacks one of them: "
            "name a cell (runs/<experiment>/<family>-lambda<value>-seed<seed>, or <peer>-<variant>-seed<seed>) and let "
            "it finish"
        )
    try:
        results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        system = ("peer", "variant") if "peer" in results else ("family", "lambda_emo")
        for key in ("experiment", *system, "seed", "stages", "metrics"):
            results[key]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: expected the results of a run, it cannot be read ({error}); run it again") from error
    if "peer" in results:  # every figure of a peer is on what its score is made of
        return results
    if not results["stages"] or "empathy" not in results["metrics"].get("valid", {}):
        raise UserError(f"{folder}: expected a run that was trained on a score, this one has none; choose another")
    return results


def _run_scorer(folder: Path) -> Scorer:
    import torch
    from transformers import AutoTokenizer

    from pipelines.data.collator import collate
    from pipelines.data.encoding import encode_views
    from pipelines.training.families import load_family

    results = read_results(folder)
    if "peer" in results:
        from pipelines.peers.scorer import load_peer_scorer

        return load_peer_scorer(folder, results)
    family = load_family(results["family"])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        model = family.model.from_pretrained(folder / "model").eval()
        model.to(device)
        tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    except (OSError, ValueError) as error:
        raise UserError(f"{folder / 'model'}: expected a saved {family.name} model: {error}") from error
    views = family.objectives[results["stages"][-1]].views(model)
    view, length = model.config.context_view, model.config.view_length
    pad = tokenizer.pad_token_id
    precision = run_autocast(folder, device)
    # By input: a model that is shown one side only gives equal scores to pairs that it cannot tell apart, which in low
    # precision it would not where they fall into batches of different lengths.
    known: dict[tuple[tuple[int, int], ...], float] = {}

    def score(rows: Sequence[Example]) -> np.ndarray:
        if view == "situation" and model.config.seen != "response":
            lacking = next((row["example_id"] for row in rows if not row["situation"]), None)
            if lacking is not None:
                raise UserError(
                    f"{folder}: expected a situation in every row, since its context view is the situation; "
                    f"{lacking} has none: choose a run with another context_view"
                )
        inputs = [
            (row, tuple(zip(row.input_ids, row.view_ids, strict=True)))
            for row in encode_views(rows, views, view, tokenizer, length, model.config.seen)
        ]
        new = {key: row for row, key in inputs if key not in known}
        order = sorted(new, key=len)
        with torch.inference_mode(), precision():
            for start in range(0, len(order), BATCH_SIZE):
                chosen = order[start : start + BATCH_SIZE]
                batch = collate([new[key] for key in chosen], pad)
                output = model(batch["input_ids"].to(device), batch["view_ids"].to(device))
                known.update(zip(chosen, output.empathy.float().tolist(), strict=True))
        scores = np.array([known[key] for _, key in inputs])
        return checked(scores, rows, str(folder))

    return Scorer(f"{folder.resolve().parent.name}/{folder.resolve().name}", score)


def run_autocast(folder: Path, device: "torch.device") -> Callable[[], AbstractContextManager[Any]]:
    """The precision that the run was trained in; fp16 without a GPU is fp32."""
    import torch

    path = folder / "config.yaml"
    try:
        precision = yaml.safe_load(path.read_text(encoding="utf-8"))["precision"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise UserError(f"{path}: expected the run's configuration with its precision, it cannot be read") from error
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    if dtype is None or (dtype == torch.float16 and device.type == "cpu"):
        return nullcontext
    return lambda: torch.autocast(device.type, dtype=dtype)


def _python_scorer(spec: str) -> Scorer:
    """`module:callable` with callable(contexts, responses) -> floats; a context is a list of {"role", "text"}."""
    name = f"python:{spec}"
    module_name, colon, attribute = spec.partition(":")
    if not (module_name and colon and attribute):
        raise UserError(f"scorer {name!r}: expected python:<module>:<callable>, such as python:my_scorer:score")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        function = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"scorer {name!r}: expected a module that can be imported from here ({os.getcwd()}) with a callable "
            f"{attribute!r}: {error}"
        ) from error
    if not callable(function):
        raise UserError(f"scorer {name!r}: expected a callable, {attribute!r} is a {type(function).__name__}")

    def score(rows: Sequence[Example]) -> np.ndarray:
        contexts = [[dict(turn) for turn in row["dialogue_context"]] for row in rows]
        given = function(contexts, [row["response"] for row in rows])
        try:
            values = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise UserError(f"scorer {name!r}: expected a sequence of floats, got {type(given).__name__}") from error
        return checked(values, rows, name)

    return Scorer(spec, score)


def _csv_scorer(spec: str) -> Scorer:
    """A CSV with the columns pair_id and score, the ids being those of the pairs that were written for it."""
    scores = _read_scores(Path(spec))

    def score(rows: Sequence[Example]) -> np.ndarray:
        missing = [row["example_id"] for row in rows if row["example_id"] not in scores]
        if missing:
            raise UserError(
                f"{spec}: expected a score for each of the {len(set(missing)):,} pairs that it lacks, such as "
                f"{missing[0]}; write the pairs again with --write-pairs and score them all"
            )
        return np.array([scores[row["example_id"]] for row in rows], dtype=np.float64)

    return Scorer(spec, score)


def _read_scores(path: Path) -> dict[str, float]:
    scores: dict[str, float] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            for row in reader:
                if row.get("pair_id") is None or row.get("score") is None:
                    raise UserError(f"{path}: expected the columns pair_id and score, got {_header(reader)}")
                scores[row["pair_id"]] = _number(path, reader.line_num, row["score"])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: expected a CSV with the columns pair_id and score: {error}") from error
    if not scores:
        raise UserError(f"{path}: expected rows of pair_id and score, got none")
    return scores


def _header(reader: "csv.DictReader[str]") -> str:
    return ", ".join(reader.fieldnames or []) or "none"


def _number(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{path}:{line}: expected a finite number as score, got {text!r}")
    return value


def checked(scores: np.ndarray, rows: Sequence[Example], name: str) -> np.ndarray:
    """`scores (n,)` if they are a finite figure for each of n rows. Raises UserError, naming the first bad pair."""
    if scores.shape != (len(rows),):
        raise UserError(
            f"scorer {name!r}: expected {len(rows):,} scores, one a pair, got an array of shape {scores.shape}"
        )
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad):
        raise UserError(
            f"scorer {name!r}: expected finite scores, got {scores[bad[0]]} for pair {rows[bad[0]]['example_id']} "
            f"and {len(bad):,} of {len(rows):,} in all; make it score every pair"
        )
    return scores


def _epitome_scorer(spec: str) -> Scorer:
    """The EPITOME rater of a labels folder."""
    from pipelines.labels.mechanism_scorer import load_mechanism_scorer

    return load_mechanism_scorer(spec)


def _release_scorer(spec: str) -> Scorer:
    """A release of `empathy release`; the one that is installed where no folder is named."""
    from pipelines.scoring.release_figures import as_scorer
    from pipelines.scoring.scorer import EmpathyScorer

    return as_scorer(EmpathyScorer.from_pretrained(spec or None), f"release:{spec}")


# prefix of a spec -> loader of what follows the colon; a spec without one of these is a run folder
SCORER_KINDS: dict[str, Callable[[str], Scorer]] = {
    "python": _python_scorer,
    "csv": _csv_scorer,
    "epitome": _epitome_scorer,
    "release": _release_scorer,
}
