"""The figures of a probe study: points with their intervals, a line a scorer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.probes.study import ProbeStudy
from pipelines.reporting.plots import Figure
from pipelines.reporting.svg import MUTED, panel, series_color

MARKERS = "osD"
Series = tuple[str, Sequence[Any]]  # a label, and one estimate a scorer


def swap_plot(study: ProbeStudy) -> Figure:
    """Swap area of each scorer: all contexts, same emotion, different emotion."""
    found = [one.record["context_swap"] for one in study.probed]
    series = [
        ("all", [record["area"] for record in found]),
        ("same emotion", [record["same_emotion"] for record in found]),
        ("different emotion", [record["different_emotion"] for record in found]),
    ]
    return _points(study, series, "Area of own against swapped contexts; the line is chance", 0.5, "swap")


def flip_plot(study: ProbeStudy) -> Figure:
    """Share of pairs flipped: by a phrase, by any phrase, by the filler."""
    found = [one.record["insertion"] for one in study.probed]
    series = [
        ("a phrase", [record["flipped"] for record in found]),
        ("any phrase", [record["any_phrase"] for record in found]),
        ("filler", [record["control"] for record in found]),
    ]
    return _points(study, series, "Share of pairs not empathic that become so", None, "flips")


def _points(study: ProbeStudy, series: Sequence[Series], title: str, line: float | None, name: str) -> Figure:
    names = [one.name for one in study.probed]
    with panel(f"probe-{name}", 8.2, 1.3 + 0.42 * len(names)) as drawn:
        axes = drawn.axes
        for k, (label, estimates) in enumerate(series):
            # A scorer without such a figure has no point.
            known = [(row, each) for row, each in enumerate(estimates) if each["value"] is not None]
            at = [row + 0.22 * (k - 1) for row, _ in known]
            for y, (_, each) in zip(at, known, strict=True):
                if each["low"] is not None:
                    axes.plot([each["low"], each["high"]], [y, y], color=series_color(k), linewidth=1.6)
            values = [each["value"] for _, each in known]
            axes.plot(values, at, MARKERS[k], color=series_color(k), markersize=4.5, label=label)
        if line is not None:
            axes.axvline(line, color=MUTED, linewidth=1, linestyle="--")
        axes.set_yticks(np.arange(len(names)), names)
        axes.set(ylim=(len(names) - 0.5, -0.5), xlim=(-0.02, 1.02), title=title)
        axes.grid(visible=False, axis="y")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return Figure(
        drawn.svg, f"{title}, with 95 % intervals, for {len(names)} scorers; the figures are in the tables", wide=True
    )
