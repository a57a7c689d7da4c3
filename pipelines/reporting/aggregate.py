"""From the runs of a group to rows over seeds: one row for each experiment, family and λ_emo."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pipelines.evaluation.intervals import SeedInterval, seed_interval
from pipelines.evaluation.metrics import EMOTION_METRICS, EMPATHY_METRICS
from pipelines.reporting.collect import Group, Predictions, Reference, Run

TASKS = ("empathy", "emotion")
FAMILY_ORDER = ("baseline", "stm", "mvc")
REFERENCE_ORDER = ("constant", "length", "tfidf_ridge", "majority", "tfidf_svm")
# The columns that the literature reports first; a newly registered metric follows them under its own name.
TITLES = {
    "mae": "MAE",
    "spearman": "Spearman ρ",
    "pearson": "Pearson r",
    "mse": "MSE",
    "qwk": "QWK",
    "accuracy": "accuracy",
    "top5": "top-5",
    "macro_f1": "macro-F1",
    "ece": "ECE",
}


@dataclass(frozen=True)
class MetricColumn:
    """A metric as a column: its key in results.json, the task it belongs to, and which direction is better."""

    key: str
    task: str
    title: str
    direction: Literal["max", "min"]


@dataclass(frozen=True)
class Row:
    """The runs of one experiment, family and λ_emo, one a seed."""

    name: str
    experiment: str
    family: str
    lambda_emo: float
    runs: list[Run]

    @property
    def seeds(self) -> list[int]:
        return [int(run.results["seed"]) for run in self.runs]

    def values(self, column: MetricColumn) -> list[float | None]:
        """The test figure of each seed, None where it is undefined; empty where the row has no such task."""
        scores = [run.results["metrics"]["test"].get(column.task) for run in self.runs]
        return [] if None in scores else [score.get(column.key) for score in scores]

    def estimate(self, column: MetricColumn) -> SeedInterval | None:
        """Mean, sd and t interval over seeds; None where the figure is undefined for a seed."""
        values = self.values(column)
        figures = [value for value in values if value is not None]
        return seed_interval(figures) if figures and len(figures) == len(values) else None

    def meta_mean(self, *path: str) -> float | None:
        """Mean over seeds of a number in meta.json, None where a run lacks it."""
        found: list[float] = []
        for run in self.runs:
            value: Any = run.meta
            for part in path:
                value = value.get(part) if isinstance(value, dict) else None
            if value is None:
                return None
            found.append(float(value))
        return float(np.mean(found))

    def devices(self) -> list[str]:
        """The devices that latency was measured on, each with its precision."""
        latencies = [run.meta["latency"] for run in self.runs if run.meta.get("latency")]
        return sorted({f"{latency['device']}, {latency['precision']}" for latency in latencies})

    def tests(self, task: str) -> list[Predictions]:
        """The test predictions of each seed, empty where the row does not predict `task`."""
        return [run.test for run in self.runs if predicts(run.test, task)]


def predicts(test: Predictions, task: str) -> bool:
    """Whether these predictions can be scored on `task`."""
    return bool(test.scored.any()) if task == "empathy" else test.emotion_logits is not None


def metric_columns() -> list[MetricColumn]:
    """Every registered metric, in the order of TITLES, new ones after them within their task."""
    registries = {"empathy": EMPATHY_METRICS, "emotion": EMOTION_METRICS}
    columns = []
    for task in TASKS:
        known = [key for key in TITLES if key in registries[task]]
        for key in known + [key for key in registries[task] if key not in TITLES]:
            columns.append(MetricColumn(key, task, TITLES.get(key, key), registries[task][key].direction))
    return columns


def rows_of(group: Group) -> list[Row]:
    """The rows of a group, by family and falling λ_emo.

    A row's name carries its experiment only where several experiments ran the same family at the same λ_emo.
    """
    cells: dict[tuple[str, str, float], list[Run]] = {}
    for run in group.runs:
        cells.setdefault(run.cell[:3], []).append(run)
    variants = {(family, weight): 0 for _, family, weight in cells}
    for _, family, weight in cells:
        variants[family, weight] += 1
    rows = []
    for (experiment, family, weight), runs in cells.items():
        name = family if variants[family, weight] == 1 else f"{family} ({experiment})"
        rows.append(Row(name, experiment, family, weight, sorted(runs, key=lambda run: run.cell[3])))
    return sorted(rows, key=lambda row: (_rank(row.family, FAMILY_ORDER), row.name, -row.lambda_emo))


def references_of(group: Group) -> list[Reference]:
    """The references of a group, in their usual order."""
    return sorted(group.references, key=lambda reference: _rank(reference.name, REFERENCE_ORDER))


def _rank(name: str, order: Sequence[str]) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order), name)


def row_label(row: Row) -> str:
    """The row in words: its name and λ_emo."""
    return f"{row.name}, λ {row.lambda_emo:g}"


def merge_signatures(signatures: Sequence[str]) -> str:
    """One line for the seeds of a row: fields that differ between seeds list their values.

    >>> merge_signatures(["family:mvc|seed:17", "family:mvc|seed:39"])
    'family:mvc|seed:17,39'
    """
    parts = [signature.split("|") for signature in signatures]
    if len({len(part) for part in parts}) > 1:
        return " / ".join(dict.fromkeys(signatures))
    merged = []
    for fields in zip(*parts, strict=True):
        distinct = list(dict.fromkeys(fields))
        names = {value.partition(":")[0] for value in distinct}
        if len(distinct) > 1 and len(names) == 1 and all(":" in value for value in distinct):
            merged.append(f"{names.pop()}:{','.join(value.partition(':')[2] for value in distinct)}")
        else:
            merged.append(",".join(distinct))
    return "|".join(merged)
