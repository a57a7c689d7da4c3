"""The probes, in the order of the page. A new one is one file of the same shape and a line here."""

from pipelines.probes import context_swap, length, one_sided, phrase_insertion, polarity
from pipelines.probes.probe import Column, Probe

PROBES: tuple[Probe, ...] = (
    phrase_insertion.PROBE,
    context_swap.PROBE,
    polarity.PROBE,
    length.PROBE,
    one_sided.PROBE,
)

THRESHOLD = Column(
    ("threshold",),
    "threshold",
    "number",
    "",
    "from this score on the scorer is taken to call a pair empathic: the median of its own scores of real listener "
    "turns, computed before any other pair is scored",
    headline=True,
)


def columns() -> list[Column]:
    """Every column of every table."""
    return [THRESHOLD, *(column for probe in PROBES for column in probe.columns)]
