"""How two labels of the same examples go together: how often each pair occurs, and how strongly they are linked."""

from typing import NamedTuple

import pandas as pd
from scipy.stats import chi2_contingency
from scipy.stats.contingency import association


class LabelCooccurrence(NamedTuple):
    """The co-occurrence of two labels.

    counts: examples with each pair, a row for each value of the first label, a column for each of the second.
    shares: the same, divided by the row's sum.
    cramers_v: strength of the link, 0 none to 1 complete, not corrected for bias (Cramér 1946).
    p_value: of Pearson's chi-square test of independence, without a continuity correction. It and `cramers_v` are None
        where a label has one value only, so that no link can be seen.
    """

    counts: pd.DataFrame
    shares: pd.DataFrame
    cramers_v: float | None
    p_value: float | None


def label_cooccurrence(frame: pd.DataFrame, rows: str, columns: str) -> LabelCooccurrence:
    """Co-occurrence of the labels in the columns `rows` and `columns` of `frame`, an example a row.

    Raises:
        ValueError: there is no example, or one lacks a label.
    """
    if frame.empty:
        raise ValueError("frame: expected at least one example, got none")
    missing = int(frame[[rows, columns]].isna().any(axis=1).sum())
    if missing:
        raise ValueError(f"frame: expected both labels for every example, got {missing} without; drop these first")
    counts = pd.crosstab(frame[rows], frame[columns])
    shares = counts.div(counts.sum(axis=1), axis=0)
    if min(counts.shape) < 2:
        return LabelCooccurrence(counts, shares, None, None)
    strength = float(association(counts.to_numpy(), method="cramer"))
    return LabelCooccurrence(counts, shares, strength, float(chi2_contingency(counts, correction=False).pvalue))
