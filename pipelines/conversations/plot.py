"""The picture of the pairs of emotions."""

import numpy as np
import pandas as pd

from pipelines.data.goemotions import GOEMOTIONS_LABELS
from pipelines.reporting.plots import Figure
from pipelines.reporting.svg import GRID, panel


def pair_matrix(table: pd.DataFrame) -> pd.DataFrame:
    """Of the exchanges in which the speaker shows an emotion (row), the share in which the listener shows another
    (column); rows sum to 1. Emotions are in the order of GoEmotions, those that a side never shows are left out.

    table: of `pair_table`.
    """
    counts = table.pivot(index="speaker_emotion", columns="listener_emotion", values="count").fillna(0.0)
    rows, columns = ([name for name in GOEMOTIONS_LABELS if name in axis] for axis in (counts.index, counts.columns))
    ordered = counts.loc[rows, columns]
    return ordered.div(ordered.sum(axis=1), axis=0)


def pair_plot(table: pd.DataFrame, name: str) -> Figure:
    """Heat map of `pair_matrix`: the darker a cell, the more often that emotion of the speaker is answered so.

    `name`, unique on the page, keeps the figure's ids apart from those of others.
    """
    from matplotlib.colors import LinearSegmentedColormap, PowerNorm

    matrix = pair_matrix(table)
    # From transparent to one strong colour: it reads on a light and on a dark page.
    shade = LinearSegmentedColormap.from_list("shade", [(0.16, 0.5, 0.83, 0.0), (0.16, 0.5, 0.83, 1.0)])
    with panel(name, 8.2, 7.4) as drawn:
        drawn.axes.grid(False)
        image = drawn.axes.imshow(
            matrix.to_numpy(), cmap=shade, norm=PowerNorm(0.6, 0, 1), interpolation="none", aspect="equal"
        )
        drawn.axes.set_xticks(np.arange(matrix.shape[1]), list(matrix.columns), rotation=90, fontsize=8.5)
        drawn.axes.set_yticks(np.arange(matrix.shape[0]), list(matrix.index), fontsize=8.5)
        drawn.axes.set_xticks(np.arange(matrix.shape[1]) - 0.5, minor=True)
        drawn.axes.set_yticks(np.arange(matrix.shape[0]) - 0.5, minor=True)
        drawn.axes.grid(which="minor", color=GRID, linewidth=0.4)
        drawn.axes.tick_params(which="both", length=0)
        drawn.axes.set(xlabel="listener's emotion", ylabel="speaker's emotion")
        bar = drawn.figure.colorbar(image, ax=drawn.axes, shrink=0.5, pad=0.02, label="share of the speaker's emotion")
        bar.outline.set_visible(False)
    return Figure(drawn.svg, "How often each emotion of the speaker is answered with which of the listener", wide=True)
