"""The figures of an audit: correlations of every row, and the mean rating by score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.evaluation.audit_columns import ScoreColumn
from pipelines.evaluation.audit_study import AuditRow, SeedsRow
from pipelines.evaluation.human_agreement import to_scale
from pipelines.evaluation.human_sets import HumanSet
from pipelines.evaluation.intervals import SeedInterval
from pipelines.reporting.audit_tables import figure, row_name
from pipelines.reporting.plots import Figure
from pipelines.reporting.svg import INK, MUTED, panel, series_color

BINS = 10
FEWEST_IN_BIN = 5


@dataclass(frozen=True)
class CalibrationBins:
    """Mean score, mean rating, its standard error, and number of items, of bins of equally many items."""

    score: list[float]
    rating: list[float]
    error: list[float]
    count: list[int]


def calibration_bins(scores: np.ndarray, ratings: np.ndarray) -> CalibrationBins:
    """Ten bins, or as many as hold five items each, by rising `scores (n,)`, against `ratings (n,)`."""
    bins = min(BINS, len(scores) // FEWEST_IN_BIN)
    parts = np.array_split(np.argsort(scores, kind="stable"), bins) if bins else []
    return CalibrationBins(
        [float(scores[part].mean()) for part in parts],
        [float(ratings[part].mean()) for part in parts],
        [float(ratings[part].std(ddof=1) / np.sqrt(len(part))) for part in parts],
        [len(part) for part in parts],
    )


def calibration_plot(column: ScoreColumn, human: HumanSet, name: str) -> Figure | None:
    """Mean rating by score with 95 % intervals; the dashed line is a score that says what people say.

    None where the column covers too few items.
    """
    scores = column.values[human.name]
    covered = np.isfinite(scores)
    bins = calibration_bins(scores[covered], human.ratings[covered])
    if len(bins.score) < 2:
        return None
    with panel(name, 4.2, 3.0) as drawn:
        score_range = column.ranges[human.name]
        if score_range is not None:
            ends = np.array(score_range)
            drawn.axes.plot(ends, to_scale(ends, score_range, human.scale), "--", color=MUTED, linewidth=1)
        error = 1.96 * np.array(bins.error)
        drawn.axes.axhline(float(human.ratings[covered].mean()), color=MUTED, linewidth=0.8)
        drawn.axes.errorbar(
            bins.score, bins.rating, yerr=error, fmt="o-", color=series_color(0), capsize=2, markersize=4
        )
        low, high = human.scale
        margin = 0.04 * (high - low)
        drawn.axes.set(xlabel="score", ylabel=f"mean rating, {low} to {high}", ylim=(low - margin, high + margin))
        drawn.axes.set_yticks(range(low, high + 1))
        drawn.axes.set_title(f"{human.name}: {column.name}", fontsize=9.5)
    return Figure(drawn.svg, f"Mean rating of the {human.name} by score of {column.name}, in {len(bins.score)} bins")


def correlation_plot(rows: Sequence[AuditRow | SeedsRow], human: HumanSet, name: str) -> Figure:
    """Spearman's rho of every row that has one on one set, with its interval, before and after length is taken out."""
    rows = [row for row in rows if figure(row, human, "spearman") is not None]
    with panel(name, 8.2, 0.9 + 0.24 * len(rows)) as drawn:
        places = np.arange(len(rows))[::-1]
        drawn.axes.axvline(0, color=INK, linewidth=0.8)
        styles = (
            ("spearman", 0.13, "o", series_color(0), "ρ"),
            ("spearman_given_length", -0.13, "D", series_color(1), "ρ given length"),
        )
        for key, shift, marker, color, label in styles:
            first = True
            for place, row in zip(places, rows, strict=True):
                value = figure(row, human, key)
                if value is None:
                    continue
                middle = value.mean if isinstance(value, SeedInterval) else value.value
                if value.low is not None and value.high is not None:
                    drawn.axes.plot([value.low, value.high], [place + shift] * 2, color=color, linewidth=1.4)
                drawn.axes.plot(
                    middle, place + shift, marker, color=color, markersize=4.5, label=label if first else None
                )
                first = False
        drawn.axes.set_yticks(places, [row_name(row) for row in rows], fontsize=8.5)
        drawn.axes.set(xlabel=f"rank correlation with the ratings of the {human.name}", ylim=(-0.7, len(rows) - 0.3))
        drawn.axes.grid(axis="y", visible=False)
        if drawn.axes.get_legend_handles_labels()[0]:
            drawn.figure.legend(loc="outside upper right", ncols=2)
    return Figure(drawn.svg, f"Rank correlation of every row with the ratings of the {human.name}", wide=True)
