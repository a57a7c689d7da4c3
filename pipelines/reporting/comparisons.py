"""Which differences between rows hold on the test examples: paired tests, and the best value of each column."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from pipelines.evaluation.significance import holm, paired_bootstrap, paired_permutation
from pipelines.progress import progress_bar
from pipelines.reporting.aggregate import MetricColumn, Row, predicts, row_label
from pipelines.reporting.collect import Reference

TESTED = ("mae", "spearman", "accuracy")
LEVEL = 0.05
RESAMPLES = 2000
MARK_RESAMPLES = 1000  # for one test a column; enough for a p of .001, and QWK and macro-F1 are slow to resample


@dataclass(frozen=True)
class Comparison:
    """A against B at one λ_emo: mean over the common seeds of A minus B, resampled over dialogues."""

    lambda_emo: float
    a: str
    b: str
    metric: MetricColumn
    seeds: list[int]
    difference: float
    low: float
    high: float
    p_value: float
    p_holm: float

    @property
    def better(self) -> str | None:
        """The row that is better at LEVEL after Holm's adjustment, or None."""
        if self.p_holm >= LEVEL or self.difference == 0:
            return None
        return self.a if (self.difference > 0) == (self.metric.direction == "max") else self.b


@dataclass(frozen=True)
class BestMark:
    """The best of a column against the second best."""

    metric: MetricColumn
    best: str
    second: str
    difference: float
    p_value: float
    p_holm: float

    @property
    def significant(self) -> bool:
        return self.p_holm < LEVEL


@dataclass(frozen=True)
class AgainstTrivial:
    """A row against the best reference of a metric: mean over its seeds of the row minus the reference."""

    row: str
    reference: str
    metric: MetricColumn
    difference: float
    p_value: float
    p_holm: float

    @property
    def is_better(self) -> bool:
        """Whether the row is better at LEVEL after Holm's adjustment."""
        return self.p_holm < LEVEL and (self.difference > 0) == (self.metric.direction == "max")


@dataclass(frozen=True)
class _Candidate:
    label: str
    mean: float
    frames: dict[int, pd.DataFrame]  # by seed; a reference has one, under seed -1


def compare_rows(rows: Sequence[Row], columns: Sequence[MetricColumn]) -> list[Comparison]:
    """Pairs of main rows at a λ_emo that they share, on the metrics in TESTED; Holm over all of these tests.

    Paired are rows of the same augmentation, and a family without with the same family with an augmentation. Pairs
    without a common seed, and metrics that are undefined for a seed of either row, are left out.
    """
    tested = [column for key in TESTED for column in columns if column.key == key]
    found: list[Comparison] = []
    for a, b in progress_bar(list(itertools.combinations(rows, 2)), desc="paired tests", disable=None, leave=False):
        seeds = [seed for seed in a.seeds if seed in b.seeds]
        if not seeds or not _can_be_paired(a, b):
            continue
        for column in tested:
            if a.estimate(column) is None or b.estimate(column) is None:
                continue
            frames = [[_frames(row)[seed] for seed in seeds] for row in (a, b)]
            interval = paired_bootstrap(frames[0], frames[1], column.key, resamples=RESAMPLES)
            test = paired_permutation(frames[0], frames[1], column.key, resamples=RESAMPLES)
            if interval.low is None or interval.high is None:
                raise AssertionError("a bootstrap gives an interval")
            found.append(
                Comparison(
                    a.lambda_emo,
                    a.name,
                    b.name,
                    column,
                    seeds,
                    interval.difference,
                    interval.low,
                    interval.high,
                    test.p_value,
                    test.p_value,
                )
            )
    adjusted = holm([test.p_value for test in found]) if found else []
    found = [Comparison(**{**vars(test), "p_holm": p}) for test, p in zip(found, adjusted, strict=True)]
    return sorted(found, key=lambda test: -test.lambda_emo)


def _can_be_paired(a: Row, b: Row) -> bool:
    if a.is_twin or b.is_twin or a.lambda_emo != b.lambda_emo:
        return False
    with_and_without = a.family == b.family and "none" in (a.augmentation, b.augmentation)
    return a.augmentation == b.augmentation or with_and_without


def best_marks(
    rows: Sequence[Row], references: Sequence[Reference], columns: Sequence[MetricColumn]
) -> dict[str, BestMark]:
    """For each column the best row or reference against the second best, by permutation; Holm over the columns.

    A reference counts as a row, so that a model is not called best where a constant is. Two rows without a common seed
    cannot be paired: such a column has no mark. Neither has one of people or probes, of which a run keeps no scores
    by example.
    """
    marks: list[BestMark] = []
    predicted = [column for column in columns if column.is_predicted]
    for column in progress_bar(predicted, desc="best of each column", disable=None, leave=False):
        candidates = _candidates(rows, references, column)
        candidates.sort(key=lambda one: one.mean, reverse=column.direction == "max")
        if len(candidates) < 2:
            continue
        best, second = candidates[:2]
        pair = _paired_frames(best, second)
        if pair is None:
            continue
        test = paired_permutation(pair[0], pair[1], column.key, resamples=MARK_RESAMPLES)
        marks.append(BestMark(column, best.label, second.label, test.difference, test.p_value, test.p_value))
    adjusted = holm([mark.p_value for mark in marks]) if marks else []
    return {mark.metric.key: BestMark(**{**vars(mark), "p_holm": p}) for mark, p in zip(marks, adjusted, strict=True)}


def against_trivial(
    rows: Sequence[Row], references: Sequence[Reference], columns: Sequence[MetricColumn]
) -> list[AgainstTrivial]:
    """Every row against the best reference of each metric in TESTED, by permutation; Holm over all of these tests.

    A metric that is undefined for a row or for all references has no test.
    """
    found = []
    for column in (column for key in TESTED for column in columns if column.key == key):
        trivial = _candidates([], references, column)
        if not trivial:
            continue
        best = (max if column.direction == "max" else min)(trivial, key=lambda one: one.mean)
        for row in _candidates(rows, [], column):
            pair = _paired_frames(row, best)
            assert pair is not None  # a reference stands beside any seed
            test = paired_permutation(pair[0], pair[1], column.key, resamples=RESAMPLES)
            found.append(AgainstTrivial(row.label, best.label, column, test.difference, test.p_value, test.p_value))
    adjusted = holm([test.p_value for test in found]) if found else []
    return [AgainstTrivial(**{**vars(test), "p_holm": p}) for test, p in zip(found, adjusted, strict=True)]


def _candidates(rows: Sequence[Row], references: Sequence[Reference], column: MetricColumn) -> list[_Candidate]:
    found = []
    for row in rows:
        estimate = row.estimate(column)
        if estimate is not None:
            found.append(_Candidate(row_label(row), estimate.mean, _frames(row)))
    # A constant distribution is well calibrated and says nothing: references do not compete on ECE.
    for reference in references if column.key != "ece" else ():
        value = reference.metrics.get(column.task, {}).get(column.key)
        if value is not None and predicts(reference.test, column.task):
            found.append(_Candidate(reference.name, value, {-1: reference.test.frame}))
    return found


def _frames(row: Row) -> dict[int, pd.DataFrame]:
    return {int(run.results["seed"]): run.test.frame for run in row.runs}


def _paired_frames(a: _Candidate, b: _Candidate) -> tuple[list[pd.DataFrame], list[pd.DataFrame]] | None:
    """Frames of the common seeds; a reference, which has no seed, stands beside each seed of the other."""
    if -1 in a.frames and -1 in b.frames:
        return [a.frames[-1]], [b.frames[-1]]
    if -1 in a.frames:
        return [a.frames[-1]] * len(b.frames), list(b.frames.values())
    if -1 in b.frames:
        return list(a.frames.values()), [b.frames[-1]] * len(a.frames)
    seeds = [seed for seed in a.frames if seed in b.frames]
    return ([a.frames[seed] for seed in seeds], [b.frames[seed] for seed in seeds]) if seeds else None
