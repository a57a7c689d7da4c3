"""From the runs of a group to rows over seeds: one for each experiment, family, λ_emo, augmentation and side seen."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pipelines.evaluation.intervals import SeedInterval, seed_interval
from pipelines.evaluation.metrics import EMOTION_METRICS, EMPATHY_METRICS
from pipelines.reporting.collect import SEEN, CellKey, Group, Predictions, Reference, Run
from pipelines.reporting.people_and_probes import MEASURED_FIGURES, MEASURED_FILES, MeasuredFigure

PREDICTED_TASKS = ("empathy", "emotion")
TASKS = (*PREDICTED_TASKS, *(file.task for file in MEASURED_FILES))
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
    """A metric as a column: its key, the task it belongs to, and which direction is better.

    Of the tasks in PREDICTED_TASKS the key is that of results.json, and the test predictions give it again; of the
    others it is that of a figure in `people_and_probes`.
    """

    key: str
    task: str
    title: str
    direction: Literal["max", "min"]

    @property
    def is_predicted(self) -> bool:
        """Whether the test predictions give this figure, so that it can be tested over examples."""
        return self.task in PREDICTED_TASKS


@dataclass(frozen=True)
class Row:
    """The runs of one experiment, family, λ_emo, augmentation and side seen, one a seed."""

    name: str
    experiment: str
    family: str
    lambda_emo: float
    runs: list[Run]
    augmentation: str = "none"
    seen: str = "both"

    @property
    def seeds(self) -> list[int]:
        return [int(run.results["seed"]) for run in self.runs]

    @property
    def is_twin(self) -> bool:
        """Whether these models saw one side of a pair alone: what they reach needs no reading of the two together."""
        return self.seen != "both"

    @property
    def made_up(self) -> dict[str, int]:
        """Training examples that the augmentation made beside the true ones, by variant; the seeds share them."""
        made: dict[str, int] = self.runs[0].results["counts"].get("train", {}).get("augmentation", {})
        return made

    def values(self, column: MetricColumn) -> list[float | None]:
        """The figure of each seed, None where it is undefined; empty where the row, or a seed of it, has none."""
        if not column.is_predicted:
            measured = [run.measured.get(column.key) for run in self.runs]
            return [] if None in measured else [figure.value for figure in measured if figure is not None]
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
    """Every registered metric in the order of TITLES, new ones after them within their task; then people and probes."""
    registries = {"empathy": EMPATHY_METRICS, "emotion": EMOTION_METRICS}
    columns = []
    for task in PREDICTED_TASKS:
        known = [key for key in TITLES if key in registries[task]]
        for key in known + [key for key in registries[task] if key not in TITLES]:
            columns.append(MetricColumn(key, task, TITLES.get(key, key), registries[task][key].direction))
    return columns + [measured_column(figure) for figure in MEASURED_FIGURES if figure.column]


def measured_column(figure: MeasuredFigure) -> MetricColumn:
    """A figure of human_agreement.json or probes.json as a column."""
    return MetricColumn(figure.key, figure.file.task, figure.title, figure.direction)


def rows_of(group: Group) -> list[Row]:
    """The rows of a group: main rows by family, augmentation and falling λ_emo, then the twins in the same order.

    A row's name carries its experiment only where several experiments ran the same system at the same λ_emo.
    """
    cells: dict[CellKey, list[Run]] = {}
    for run in group.runs:
        cells.setdefault(run.cell._replace(seed=0), []).append(run)
    ran = Counter(cell._replace(experiment="") for cell in cells)
    rows = []
    for cell, runs in cells.items():
        name = system_name(cell.family, cell.augmentation, cell.seen)
        if ran[cell._replace(experiment="")] > 1:
            name = f"{name} ({cell.experiment})"
        ordered = sorted(runs, key=lambda run: run.cell.seed)
        rows.append(Row(name, cell.experiment, cell.family, cell.lambda_emo, ordered, cell.augmentation, cell.seen))
    return sorted(rows, key=_row_order)


def system_name(family: str, augmentation: str, seen: str) -> str:
    """A family with what its training was augmented by and the side that it saw alone, such as `mvc, response only`."""
    name = family if augmentation == "none" else f"{family} + {augmentation}"
    return name if seen == "both" else f"{name}, {seen} only"


def _row_order(row: Row) -> tuple[Any, ...]:
    augmented = (row.augmentation != "none", row.augmentation)
    return SEEN.index(row.seen), _rank(row.family, FAMILY_ORDER), augmented, row.name, -row.lambda_emo


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
