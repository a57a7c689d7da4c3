"""The report's figures, each a small SVG of its own, so that they stack on a phone and stand side by side on a desk."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.data.dialogue import EMOTIONS
from pipelines.reporting.aggregate import MetricColumn, Row, row_label
from pipelines.reporting.diagnostics import Reliability, pooled_scores
from pipelines.reporting.svg import GRID, INK, MUTED, SERIES, Panel, panel, series_color

CURVES = {"loss": "loss", "mae": "MAE", "spearman": "Spearman ρ", "accuracy": "accuracy"}
_MARKERS = "osD^vP"


def _marker(index: int) -> str:
    """The mark of the index-th series; color and mark together repeat only after the 36th."""
    return _MARKERS[(index + index // len(SERIES)) % len(_MARKERS)]


@dataclass(frozen=True)
class Figure:
    """One drawn panel: its SVG, a text for those who cannot see it, and whether it needs the page's full width."""

    svg: str
    alt: str
    wide: bool = False


def learning_curves(row: Row, name: str) -> list[tuple[str, list[Figure]]]:
    """Per stage: its name, and panels of the losses and of each validation metric by step, one line a seed."""
    stages = dict.fromkeys((record["stage_index"], record["stage"]) for run in row.runs for record in run.steps)
    found = []
    for index, stage in sorted(stages):
        panels = [_loss_panel(row, index, f"{name}-s{index}-loss")]
        for key in list(CURVES)[1:]:
            if any(key in record and record["stage_index"] == index for run in row.runs for record in run.steps):
                panels.append(_metric_panel(row, index, key, f"{name}-s{index}-{key}"))
        found.append((str(stage), panels))
    return found


def _series(row: Row, stage_index: int, split: str, key: str) -> list[tuple[int, list[int], list[float]]]:
    """(seed, steps, values) of each run."""
    found = []
    for run in row.runs:
        points = [
            (record["step"], record[key])
            for record in run.steps
            if record["stage_index"] == stage_index and record["split"] == split and record.get(key) is not None
        ]
        found.append((int(run.results["seed"]), [p[0] for p in points], [p[1] for p in points]))
    return found


def _loss_panel(row: Row, stage_index: int, name: str) -> Figure:
    with panel(name) as drawn:
        for k, (seed, steps, values) in enumerate(_series(row, stage_index, "train", "loss")):
            drawn.axes.plot(steps, values, color=series_color(k), linewidth=1.2, label=f"train, seed {seed}")
        for k, (_, steps, values) in enumerate(_series(row, stage_index, "valid", "loss")):
            label = "valid" if k == 0 else None
            drawn.axes.plot(steps, values, "o:", color=series_color(k), markersize=3.5, linewidth=1.2, label=label)
        drawn.axes.set(title="loss", xlabel="step")
        drawn.axes.legend()
    return Figure(drawn.svg, f"Training and validation loss of {row_label(row)} by step, one line a seed")


def _metric_panel(row: Row, stage_index: int, key: str, name: str) -> Figure:
    with panel(name) as drawn:
        for k, (seed, steps, values) in enumerate(_series(row, stage_index, "valid", key)):
            drawn.axes.plot(steps, values, "o-", color=series_color(k), markersize=3.5, label=f"seed {seed}")
        drawn.axes.set(title=f"validation {CURVES[key]}", xlabel="step")
        drawn.axes.legend()
    return Figure(drawn.svg, f"Validation {CURVES[key]} of {row_label(row)} by step, one line a seed")


def lambda_plot(rows: Sequence[Row], column: MetricColumn, palette: dict[str, int], name: str) -> Figure:
    """Mean over seeds, with the t interval, of one metric against λ_emo, a line for each family."""
    families = list(dict.fromkeys(row.name for row in rows))
    with panel(name) as drawn:
        for family in families:
            k = palette[family]
            points = [(row.lambda_emo, e) for row in rows if row.name == family and (e := row.estimate(column))]
            points.sort(key=lambda point: point[0])
            x, y = [p[0] for p in points], [p[1].mean for p in points]
            low = [p[1].mean - p[1].low if p[1].low is not None else 0.0 for p in points]
            high = [p[1].high - p[1].mean if p[1].high is not None else 0.0 for p in points]
            drawn.axes.errorbar(
                x, y, yerr=[low, high], marker=_marker(k), color=series_color(k), capsize=3, label=family
            )
        weights = sorted({row.lambda_emo for row in rows})
        if weights[0] > 0:
            drawn.axes.set_xscale("log")
        drawn.axes.set_xticks(weights, [f"{weight:g}" for weight in weights])
        drawn.axes.minorticks_off()
        drawn.axes.set(title=column.title, xlabel="λ_emo")
        drawn.axes.legend()
    return Figure(drawn.svg, f"{column.title} against λ_emo for {', '.join(families)}")


def confusion_plot(row: Row, matrix: np.ndarray, name: str) -> Figure:
    """The 32 x 32 matrix: the darker a cell, the larger the share of a true emotion that was given that prediction."""
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    # From transparent to one strong colour: it reads on a light and on a dark page.
    shade = LinearSegmentedColormap.from_list("shade", [(0.16, 0.5, 0.83, 0.0), (0.16, 0.5, 0.83, 1.0)])
    with panel(name, 8.2, 7.4) as drawn:
        drawn.axes.grid(False)
        image = drawn.axes.imshow(
            np.nan_to_num(matrix), cmap=shade, norm=PowerNorm(0.6, 0, 1), interpolation="none", aspect="equal"
        )
        ticks = np.arange(len(EMOTIONS))
        drawn.axes.set_xticks(ticks, EMOTIONS, rotation=90, fontsize=8.5)
        drawn.axes.set_yticks(ticks, EMOTIONS, fontsize=8.5)
        drawn.axes.set_xticks(ticks - 0.5, minor=True)
        drawn.axes.set_yticks(ticks - 0.5, minor=True)
        drawn.axes.grid(which="minor", color=GRID, linewidth=0.4)
        drawn.axes.tick_params(which="both", length=0)
        drawn.axes.set(xlabel="predicted emotion", ylabel="true emotion")
        bar = drawn.figure.colorbar(image, ax=drawn.axes, shrink=0.5, pad=0.02, label="share of the true emotion")
        bar.outline.set_visible(False)
    return Figure(drawn.svg, f"Confusion matrix over 32 emotions of {row_label(row)}", wide=True)


def score_boxes(row: Row, name: str) -> Figure | None:
    """Box plots of the predicted score by true score (rounded to half points), with the identity line."""
    pooled = pooled_scores(row)
    if pooled is None:
        return None
    pred, true = pooled
    levels = np.floor(true * 2 + 0.5) / 2
    at = np.unique(levels)
    with panel(name) as drawn:
        drawn.axes.plot([1, 5], [1, 5], "--", color=MUTED, linewidth=1)
        drawn.axes.boxplot(
            [pred[levels == level] for level in at],
            positions=list(at),
            widths=0.32,
            whis=(5, 95),
            showfliers=False,
            manage_ticks=False,
            medianprops={"color": series_color(1), "linewidth": 2},
            boxprops={"color": INK},
            whiskerprops={"color": INK},
            capprops={"color": INK},
        )
        drawn.axes.set(xlim=(0.7, 5.3), ylim=(0.8, 5.2), xlabel="true score", ylabel="predicted score")
        drawn.axes.set(title="predicted by true score", xticks=range(1, 6), yticks=range(1, 6))
    return Figure(drawn.svg, f"Predicted score by true score of {row_label(row)}")


def score_distribution(row: Row, name: str) -> Figure | None:
    """How predicted and true scores are spread, in bins of a quarter point."""
    pooled = pooled_scores(row)
    if pooled is None:
        return None
    pred, true = pooled
    bins = [0.875 + k / 4 for k in range(18)]
    with panel(name) as drawn:
        for values, k, label in ((true, 0, "true"), (pred, 1, "predicted")):
            weights = np.full(len(values), 1 / len(values))
            drawn.axes.hist(np.clip(values, 0.9, 5.1), bins, weights=weights, color=series_color(k), alpha=0.25)
            drawn.axes.hist(
                np.clip(values, 0.9, 5.1), bins, weights=weights, histtype="step", color=series_color(k), linewidth=1.6,
                label=label,
            )  # fmt: skip
        drawn.axes.set(xlim=(0.7, 5.3), xticks=range(1, 6), xlabel="score", ylabel="share", title="distribution")
        drawn.axes.set_ylim(top=drawn.axes.get_ylim()[1] * 1.15)  # room for the legend
        drawn.axes.legend(loc="upper right", ncols=2)
    return Figure(drawn.svg, f"Distribution of true and predicted scores of {row_label(row)}")


def reliability_plot(
    curves: Sequence[tuple[str, Reliability]], task: str, title: str, palette: dict[str, int], name: str
) -> Figure:
    """Reliability diagram of several rows; a larger marker stands for more examples."""
    with panel(name, 4.2, 3.4) as drawn:
        ends, words = ((1, 5), "score") if task == "empathy" else ((0, 1), "confidence")
        drawn.axes.plot(ends, ends, "--", color=MUTED, linewidth=1)
        for label, curve in curves:
            k = palette[label]
            sizes = 12 + 70 * np.asarray(curve.count) / max(sum(curve.count), 1)
            drawn.axes.plot(curve.predicted, curve.observed, color=series_color(k), linewidth=1.2)
            drawn.axes.scatter(
                curve.predicted, curve.observed, sizes, color=series_color(k), marker=_marker(k), label=label
            )
        observed = "mean true score" if task == "empathy" else "accuracy"
        drawn.axes.set(xlabel=f"predicted {words}" if task == "empathy" else words, ylabel=observed, title=title)
        margin = (ends[1] - ends[0]) * 0.04
        drawn.axes.set(xlim=(ends[0] - margin, ends[1] + margin), ylim=(ends[0] - margin, ends[1] + margin))
        _legend(drawn)
    return Figure(drawn.svg, f"Reliability diagram of the {task}, {title}")


def _legend(drawn: Panel) -> None:
    legend = drawn.axes.legend(loc="upper left")
    for handle in legend.legend_handles:
        if handle is not None and hasattr(handle, "set_sizes"):
            handle.set_sizes([28])
