"""Read run folders and their references, check them, and group what may stand in one table."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipelines.errors import UserError
from pipelines.evaluation.prediction_columns import PREDICTION_SCHEMA
from pipelines.reporting.people_and_probes import Measured, read_measured
from pipelines.reporting.run_files import TRAIN_AGAIN, check_schema, first_line, read_json

SEEN = ("both", "response", "context")
RESULT_KEYS = (
    "experiment",
    "family",
    "lambda_emo",
    "seed",
    "encoder",
    "corpus",
    "context_view",
    "label_source",
    "test_split",
    "signature",
    "counts",
    "metrics",
)
RUN_MARKS = ("results.json", "config.yaml", "meta.json", "metrics.jsonl")


class GroupKey(NamedTuple):
    """What two runs must share for their figures to stand in one table."""

    corpus: str
    label_source: str
    context_view: str
    encoder: str
    test_split: str
    data_fingerprint: str
    test_examples: str  # hash of the test predictions' ids and labels: a family may be scored on labelled turns only


@dataclass(frozen=True)
class Predictions:
    """Predictions of one system on the test split, ordered by example id.

    `frame` is the table as read. `empathy_true`, `empathy_pred` are (examples,) with NaN for "none"; `emotion_true` is
    (examples,); `emotion_logits` is (examples, classes), or None where the system predicts no emotion.
    """

    frame: pd.DataFrame
    empathy_true: np.ndarray
    empathy_pred: np.ndarray
    emotion_true: np.ndarray
    emotion_logits: np.ndarray | None

    @property
    def scored(self) -> np.ndarray:
        """Mask (examples,) of those with both a label and a predicted score."""
        return np.isfinite(self.empathy_true) & np.isfinite(self.empathy_pred)

    @cached_property
    def digest(self) -> str:
        """Hash of which examples these are and what is true of them, not of what was predicted."""
        truth = pd.DataFrame(
            {"id": self.frame["example_id"], "empathy": self.empathy_true, "emotion": self.emotion_true}
        )
        return hashlib.sha256(pd.util.hash_pandas_object(truth, index=False).to_numpy().tobytes()).hexdigest()[:12]


class CellKey(NamedTuple):
    """Which cell of an experiment a run is."""

    experiment: str
    family: str
    lambda_emo: float
    augmentation: str  # "none" or the name of what was added to the training examples
    seen: str  # one of SEEN: "response" and "context" are twins, trained and tested on that side alone
    seed: int


@dataclass(frozen=True)
class Run:
    """One finished cell: what its folder holds, as read. `measured` is empty before any audit or probe of it."""

    folder: Path
    results: dict[str, Any]
    meta: dict[str, Any]
    steps: list[dict[str, Any]]
    test: Predictions
    measured: dict[str, Measured]

    @property
    def key(self) -> GroupKey:
        r = self.results
        return GroupKey(
            r["corpus"],
            r["label_source"],
            r["context_view"],
            r["encoder"],
            r["test_split"],
            self.meta["data_fingerprint"],
            self.test.digest,
        )

    @property
    def cell(self) -> CellKey:
        r = self.results
        return CellKey(
            r["experiment"],
            r["family"],
            float(r["lambda_emo"]),
            r.get("augmentation", "none"),
            r.get("seen", "both"),
            int(r["seed"]),
        )


@dataclass(frozen=True)
class Reference:
    """A predictor that reads little or nothing, scored on the same test split as the runs."""

    name: str
    metrics: dict[str, dict[str, float | None]]
    test: Predictions


@dataclass
class Group:
    """Runs that share corpus, labels, view, encoder, test split and data, with the references of the same data."""

    key: GroupKey
    runs: list[Run] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)


@dataclass(frozen=True)
class Collected:
    """`groups`, the largest first, and the folders of cells that have not ended."""

    groups: list[Group]
    unfinished: list[Path]


def collect(folders: Iterable[Path]) -> Collected:
    """Read every run in `folders`: each an experiment folder or a single run folder.

    Raises UserError where a folder holds no run, where no run has ended, and where a file is broken or of another
    schema.
    """
    cells: dict[Path, Path] = {}
    for folder in folders:
        for cell in _cells(Path(folder)):
            cells.setdefault(cell.resolve(), cell)
    finished = [cell for cell in cells.values() if (cell / "results.json").is_file()]
    unfinished = [cell for cell in cells.values() if cell not in finished]
    if not finished:
        names = ", ".join(str(cell) for cell in unfinished[:3])
        raise UserError(
            f"no finished run to report on: {len(unfinished)} unfinished ({names}); "
            "run `empathy train` or `empathy ablate` again, it goes on where it stopped"
        )
    groups: dict[GroupKey, Group] = {}
    seen: dict[tuple[Any, ...], Path] = {}
    for run in sorted((read_run(cell) for cell in finished), key=lambda run: (*run.cell, str(run.folder))):
        identity = (run.key, run.cell)
        if identity in seen:
            raise UserError(
                f"{run.folder}: the same experiment, family, λ_emo, augmentation, side seen and seed as "
                f"{seen[identity]}; give one of the two"
            )
        seen[identity] = run.folder
        groups.setdefault(run.key, Group(run.key)).runs.append(run)
    for parent in dict.fromkeys(cell.parent for cell in finished):
        _add_references(parent / "references", groups)
    return Collected(sorted(groups.values(), key=lambda group: (-len(group.runs), group.key)), sorted(unfinished))


def _cells(folder: Path) -> list[Path]:
    """The run folders that `folder` names: itself, or the runs one level below it."""
    if not folder.is_dir():
        raise UserError(f"{folder}: expected a run or experiment folder, there is no such folder; check the path")
    if _is_run(folder):
        return [folder]
    below = sorted(child for child in folder.iterdir() if child.is_dir() and _is_run(child))
    if not below:
        raise UserError(
            f"{folder}: expected a run folder (with results.json) or an experiment folder of runs, found neither; "
            "give a folder that `empathy train` or `empathy ablate` wrote, such as runs/quickstart"
        )
    return below


def _is_run(folder: Path) -> bool:
    return any((folder / mark).is_file() for mark in RUN_MARKS)


def read_run(folder: Path) -> Run:
    """Read one finished run folder. Raises UserError naming the file that is missing, broken or of another schema."""
    results = read_json(folder / "results.json")
    check_schema(folder / "results.json", results)
    missing = [name for name in RESULT_KEYS if name not in results]
    if missing or "test" not in results["metrics"]:
        raise UserError(
            f"{folder / 'results.json'}: lacks {', '.join(missing) or 'metrics.test'}; "
            "it was cut or edited: remove this run folder and train it again"
        )
    if results.get("seen", "both") not in SEEN:
        raise UserError(
            f"{folder / 'results.json'}: expected seen to be {', '.join(SEEN[:-1])} or {SEEN[-1]}, found "
            f"{results['seen']!r}; {TRAIN_AGAIN}"
        )
    meta = read_json(folder / "meta.json")
    check_schema(folder / "meta.json", meta)
    if "data_fingerprint" not in meta:
        raise UserError(
            f"{folder / 'meta.json'}: lacks data_fingerprint, so its data are unknown; remove this run and train again"
        )
    test = read_predictions(folder / "predictions" / "test.parquet")
    for task, count in (("empathy", int(test.scored.sum())), ("emotion", len(test.frame))):
        stated = results["metrics"]["test"].get(task, {}).get("n", count)
        if stated != count:
            raise UserError(
                f"{folder}: results.json scores {stated} {task} predictions, predictions/test.parquet holds {count}; "
                "they are of different runs: remove this run folder and train it again"
            )
    return Run(folder, results, meta, _read_steps(folder / "metrics.jsonl"), test, read_measured(folder))


def read_predictions(path: Path) -> Predictions:
    """Read a predictions file of the run contract; rows come back ordered by example id."""
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError:
        raise UserError(f"{path}: is missing; remove its run folder and train it again") from None
    except Exception as error:  # pyarrow raises many kinds for a broken file
        raise UserError(
            f"{path}: is not a readable parquet file ({first_line(error)}); remove its run folder and train it again"
        ) from error
    missing = [name for name in PREDICTION_SCHEMA.names if name not in table.columns]
    if missing:
        raise UserError(
            f"{path}: expected the columns {', '.join(PREDICTION_SCHEMA.names)}, lacks {', '.join(missing)}; "
            "remove its run folder and train it again"
        )
    table = table.sort_values("example_id", kind="stable", ignore_index=True)
    if table["example_id"].duplicated().any():
        raise UserError(f"{path}: holds an example_id twice; remove its run folder and train it again")
    has_logits = len(table) > 0 and bool(table["emotion_logits"].notna().all())
    return Predictions(
        frame=table,
        empathy_true=table["empathy_true"].to_numpy(dtype=float, na_value=np.nan),
        empathy_pred=table["empathy_pred"].to_numpy(dtype=float, na_value=np.nan),
        emotion_true=table["emotion_true"].to_numpy(dtype=int),
        emotion_logits=np.stack(table["emotion_logits"].tolist()).astype(float) if has_logits else None,
    )


def _add_references(folder: Path, groups: dict[GroupKey, Group]) -> None:
    """Hand the references in `folder` to the groups on the same data; other groups keep none."""
    if not (folder / "references.json").is_file():
        return
    stated = read_json(folder / "references.json")
    check_schema(folder / "references.json", stated)
    for name, metrics in stated.get("metrics", {}).items():
        reference = Reference(name, metrics, read_predictions(folder / f"{name}.parquet"))
        for key, group in groups.items():
            same = (key.data_fingerprint, key.test_examples) == (stated.get("data_fingerprint"), reference.test.digest)
            if same and name not in [known.name for known in group.references]:
                group.references.append(reference)


def _read_steps(path: Path) -> list[dict[str, Any]]:
    """The records of metrics.jsonl; of a step that was logged twice, as after a resume, the last counts."""
    if not path.is_file():
        raise UserError(f"{path}: is missing; remove its run folder and train it again")
    records: dict[tuple[int, str, int], dict[str, Any]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            records[int(record["stage_index"]), str(record["split"]), int(record["step"])] = record
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path}: line {number} is not a metrics record ({first_line(error)}); "
                "remove its run folder and train it again"
            ) from error
    return [records[key] for key in sorted(records)]
