"""report.json: every figure of the report for programs, with the meaning of each field beside it."""

from typing import Any

import numpy as np

from pipelines.data.dialogue import EMOTIONS
from pipelines.evaluation.intervals import SeedInterval
from pipelines.reporting.aggregate import MetricColumn, Row, merge_signatures, row_label
from pipelines.reporting.cautions import is_collapsed, score_spread
from pipelines.reporting.comparisons import LEVEL, MARK_RESAMPLES, RESAMPLES, AgainstTrivial, BestMark, Comparison
from pipelines.reporting.context_reading import BLIND, ContextReading
from pipelines.reporting.diagnostics import Reliability, confusion, emotion_reliability, score_reliability
from pipelines.reporting.published import NOT_COMPARABLE, PUBLISHED
from pipelines.reporting.study import GroupStudy, Study

REPORT_SCHEMA_VERSION = 1

# Path of a field -> its meaning; [] stands for each item of a list, <...> for each key of an object.
FIELDS: dict[str, str] = {
    "schema_version": "version of this file's layout; it changes when a field changes its meaning or goes",
    "title": "the experiments reported on",
    "commands[]": "the commands that trained the runs, as they recorded them",
    "report_command": "the command that writes this report",
    "cautions[]": "what to know before comparing anything in the report",
    "unfinished[]": "folders of cells that have not ended; they are in no table",
    "statistics.level": "significance level of `better` and `significant`",
    "statistics.resamples": "bootstrap resamples and permutations of each paired test",
    "statistics.mark_resamples": "permutations of each test of a column's best against its second",
    "statistics.unit": "what the paired tests resample or swap",
    "groups[].key.<field>": "what the runs of the group share; runs that differ in one of these are never in one table",
    "groups[].counts.<split>.<unit>": "dialogues and examples (listener turns) of a split that were used",
    "groups[].counts.corpus.<split>.<unit>": "dialogues and examples of a split that were read, used or not",
    "groups[].counts.dropped.<scope>.<reason>": "what the reader left out, by scope and reason",
    "groups[].counts.noted.<scope>.<reason>": "what it kept but changed, or is worth knowing",
    "groups[].cautions[]": "what to know before believing a figure of this group",
    "groups[].rows[].name": "family, augmentation and side seen, with the experiment where several ran the same system",
    "groups[].rows[].experiment": "name of the experiment in the configuration",
    "groups[].rows[].family": "baseline, stm, mvc or another registered family",
    "groups[].rows[].lambda_emo": "weight of the emotion loss",
    "groups[].rows[].augmentation": "what the training examples were augmented by, or none",
    "groups[].rows[].seen": "both; response or context of a twin, trained and tested on that side of each pair alone",
    "groups[].rows[].made_up.<variant>": "training examples that the augmentation made beside the true ones",
    "groups[].rows[].seeds[]": "seed of each run, in the order of `values`",
    "groups[].rows[].signature": "what produced the row; seeds are merged",
    "groups[].rows[].parameters": "number of model parameters, mean over seeds; null where not recorded",
    "groups[].rows[].latency_ms": "median time to score one pair at batch 1, in milliseconds, mean over seeds",
    "groups[].rows[].devices[]": "device and precision that the latency was measured with",
    "groups[].rows[].metrics.<metric>.mean": "mean over seeds; null where undefined for a seed",
    "groups[].rows[].metrics.<metric>.sd": "sample standard deviation over seeds; null for one seed",
    "groups[].rows[].metrics.<metric>.n": "number of seeds",
    "groups[].rows[].metrics.<metric>.low": "lower end of the 95 % t interval over seeds; null for one seed",
    "groups[].rows[].metrics.<metric>.high": "upper end of the 95 % t interval over seeds; null for one seed",
    "groups[].rows[].metrics.<metric>.values[]": "the figure of each seed",
    "groups[].rows[].metrics.<metric>.over_examples[].low": "of people and probes: a seed's 95 % over examples",
    "groups[].rows[].metrics.<metric>.over_examples[].high": "upper end of it",
    "groups[].rows[].metrics.<metric>.over_examples[].n": "how many examples that figure is over; null where undefined",
    "groups[].rows[].collapsed[]": "whether a seed's predicted scores vary by under a tenth of what the labels do",
    "groups[].rows[].score_sd[].predicted": "standard deviation of a seed's predicted scores; null without any",
    "groups[].rows[].score_sd[].true": "standard deviation of the labels they are scored on",
    "groups[].rows[].confusion[][]": "share of a true emotion (outer) given a prediction (inner), over seeds",
    "groups[].rows[].score_reliability.<side>[]": "mean predicted and true score and count, ten bins",
    "groups[].rows[].emotion_reliability.<side>[]": "mean confidence, accuracy and count, bins of the ECE",
    "groups[].references.<name>.<metric>": "test figure of a reference; null where undefined",
    "groups[].verdict[]": "what to know first, in two sentences",
    "groups[].against_trivial[].row": "a row that sees both sides",
    "groups[].against_trivial[].reference": "the reference that is best on the metric",
    "groups[].against_trivial[].metric": "metric compared",
    "groups[].against_trivial[].difference": "row minus reference, mean over the row's seeds",
    "groups[].against_trivial[].p_value": "two-sided p of the paired permutation test over dialogues",
    "groups[].against_trivial[].p_holm": "the same, Holm-adjusted over these tests of the group",
    "groups[].against_trivial[].better": "whether the row is better at the level",
    "groups[].best.<metric>.best": "the row or reference with the best mean",
    "groups[].best.<metric>.second": "the one after it",
    "groups[].best.<metric>.difference": "best minus second, mean over common seeds",
    "groups[].best.<metric>.p_value": "two-sided p of the paired permutation test",
    "groups[].best.<metric>.p_holm": "the same, Holm-adjusted over the columns",
    "groups[].best.<metric>.significant": "whether the best is marked in the main table",
    "groups[].context.chance": "the context-swap area of a model to which the context means nothing",
    "groups[].context.rows[].row": "a row whose runs were probed",
    "groups[].context.rows[].area.<figure>": "context-swap area: mean, sd, n, low and high over seeds",
    "groups[].context.rows[].over_pairs.<end>": "the widest of the seeds' 95 % intervals of the area over n pairs",
    "groups[].context.rows[].same_emotion.<figure>": "the area where the other dialogue is about the same emotion",
    "groups[].context.rows[].other_emotion.<figure>": "the area where it is about a different emotion",
    "groups[].context.rows[].twin": "the same system trained and tested on the response alone; null where not probed",
    "groups[].context.rows[].seeds[]": "seeds that the row and its twin share",
    "groups[].context.rows[].above_twin.<figure>": "the row's area minus its twin's, by seed; null without a twin",
    "groups[].context.rows[].flips.<figure>": "share of pairs not called empathic that an inserted phrase turns",
    "groups[].context.rows[].reads_context": "whether the area is above chance over seeds and pairs; null of a twin",
    "groups[].tests[].lambda_emo": "weight at which the two were compared",
    "groups[].tests[].a": "first row",
    "groups[].tests[].b": "second row",
    "groups[].tests[].metric": "metric compared",
    "groups[].tests[].seeds[]": "common seeds",
    "groups[].tests[].difference": "a minus b, mean over common seeds",
    "groups[].tests[].low": "lower end of the 95 % percentile interval, paired bootstrap over dialogues",
    "groups[].tests[].high": "upper end of it",
    "groups[].tests[].p_value": "two-sided p of the paired permutation test over dialogues",
    "groups[].tests[].p_holm": "the same, Holm-adjusted over the tests of the group",
    "groups[].tests[].better": "the row that is better at the level, or null",
    "emotions[]": "the emotions in the order of the confusion matrices",
    "published.caution": "why the published figures are not directly comparable",
    "published.rows[].<field>": "a published system and its figures as text, as published; empty where none was given",
    "fields.<path>": "this list",
}


def report_json(study: Study) -> dict[str, Any]:
    """The report as plain values for JSON; equal input gives equal output."""
    return {
        "schema_version": REPORT_SCHEMA_VERSION,
        "title": study.title,
        "commands": study.commands,
        "report_command": study.report_command,
        "cautions": study.cautions,
        "unfinished": [str(folder) for folder in study.unfinished],
        "statistics": {
            "level": LEVEL,
            "resamples": RESAMPLES,
            "mark_resamples": MARK_RESAMPLES,
            "unit": "dialogue",
        },
        "groups": [_group(group) for group in study.groups],
        "emotions": list(EMOTIONS),
        "published": {"caution": NOT_COMPARABLE, "rows": [vars(row) for row in PUBLISHED]},
        "fields": FIELDS,
    }


def _group(group: GroupStudy) -> dict[str, Any]:
    return {
        "key": group.key._asdict(),
        "counts": group.counts,
        "cautions": group.cautions,
        "rows": [_row(row, group.columns) for row in group.rows],
        "references": {
            reference.name: {
                column.key: reference.metrics[column.task].get(column.key)
                for column in group.columns
                if column.task in reference.metrics
            }
            for reference in group.references
        },
        "verdict": list(group.verdict),
        "against_trivial": [_against(test) for test in group.against],
        "best": {key: _mark(mark) for key, mark in group.marks.items()},
        "context": {"chance": BLIND, "rows": [_reading(reading) for reading in group.readings]},
        "tests": [_test(test) for test in group.comparisons],
    }


def _row(row: Row, columns: list[MetricColumn]) -> dict[str, Any]:
    matrix = confusion(row)
    spreads = [score_spread(run) for run in row.runs]
    return {
        "name": row.name,
        "experiment": row.experiment,
        "family": row.family,
        "lambda_emo": row.lambda_emo,
        "augmentation": row.augmentation,
        "seen": row.seen,
        "made_up": row.made_up,
        "seeds": row.seeds,
        "signature": merge_signatures([run.results["signature"] for run in row.runs]),
        "parameters": row.meta_mean("parameters"),
        "latency_ms": row.meta_mean("latency", "batch1_median_ms"),
        "devices": row.devices(),
        "metrics": {column.key: _metric(row, column) for column in columns if row.values(column)},
        "collapsed": [is_collapsed(run) for run in row.runs],
        "score_sd": [spread and {"predicted": spread[0], "true": spread[1]} for spread in spreads],
        "confusion": None if matrix is None else [[_rounded(value) for value in line] for line in matrix],
        "score_reliability": _reliability(score_reliability(row)),
        "emotion_reliability": _reliability(emotion_reliability(row)),
    }


def _metric(row: Row, column: MetricColumn) -> dict[str, Any]:
    estimate = row.estimate(column)
    values = row.values(column)
    absent = {"mean": None, "sd": None, "n": len(values), "low": None, "high": None}
    found: dict[str, Any] = (absent if estimate is None else estimate._asdict()) | {"values": values}
    if not column.is_predicted:
        measured = [run.measured[column.key] for run in row.runs]
        found["over_examples"] = [{"low": one.low, "high": one.high, "n": one.n} for one in measured]
    return found


def _reading(reading: ContextReading) -> dict[str, Any]:
    def figures(estimate: SeedInterval | None) -> dict[str, Any] | None:
        return None if estimate is None else estimate._asdict()

    pairs = reading.over_pairs
    return {
        "row": row_label(reading.row),
        "area": figures(reading.area),
        "over_pairs": {"low": pairs.low, "high": pairs.high, "n": pairs.n},
        "same_emotion": figures(reading.same_emotion),
        "other_emotion": figures(reading.other_emotion),
        "twin": None if reading.twin is None else row_label(reading.twin),
        "seeds": reading.seeds,
        "above_twin": figures(reading.above_twin),
        "flips": figures(reading.flips),
        "reads_context": reading.is_shown,
    }


def _mark(mark: BestMark) -> dict[str, Any]:
    return {key: value for key, value in vars(mark).items() if key != "metric"} | {"significant": mark.significant}


def _against(test: AgainstTrivial) -> dict[str, Any]:
    return vars(test) | {"metric": test.metric.key, "better": test.is_better}


def _test(test: Comparison) -> dict[str, Any]:
    return vars(test) | {"metric": test.metric.key, "better": test.better}


def _reliability(curve: Reliability | None) -> dict[str, Any] | None:
    return None if curve is None else vars(curve)


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
