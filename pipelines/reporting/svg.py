"""Matplotlib figures as SVG text that takes the page's colours, so that one figure serves light, dark and print."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Colours that stand for a variable of the page's style sheet and are replaced in the SVG.
INK, MUTED, GRID = "#010203", "#010204", "#010205"
SERIES = ("#010211", "#010212", "#010213", "#010214", "#010215", "#010216")
_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "line"} | {color: f"series-{k}" for k, color in enumerate(SERIES)}

_STYLE: Any = {
    "svg.hashsalt": "empathy-report",
    "svg.fonttype": "none",  # text stays text: it can be searched, and takes the page's font
    "font.size": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "figure.constrained_layout.use": True,
}


class Panel:
    """One figure while it is drawn; `svg` is filled when its block ends."""

    def __init__(self, figure: Figure, axes: Axes) -> None:
        self.figure, self.axes, self.svg = figure, axes, ""


@contextmanager
def panel(name: str, width: float = 4.2, height: float = 2.9) -> Iterator[Panel]:
    """A figure of `width` x `height` inches. `name`, unique on the page, keeps its ids apart from other figures'."""
    with matplotlib.rc_context(_STYLE):
        figure, axes = pyplot.subplots(figsize=(width, height))
        drawn = Panel(figure, axes)
        try:
            yield drawn
            drawn.svg = _to_svg(figure, name)
        finally:
            pyplot.close(figure)


def series_color(index: int) -> str:
    """The color of the index-th series; they repeat after the sixth."""
    return SERIES[index % len(SERIES)]


def _to_svg(figure: Figure, name: str) -> str:
    buffer = io.StringIO()
    # No date or version, so that equal data give equal bytes.
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    for color, variable in _VARIABLES.items():
        text = text.replace(color, f"var(--{variable})")
    # The size is the page's affair; the view box keeps the proportions. HTML needs no namespace declarations.
    text = re.sub(
        r'<svg\b[^>]*?viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" role="img" aria-hidden="true">', text, count=1
    )
    return text.replace("xlink:href", "href")
