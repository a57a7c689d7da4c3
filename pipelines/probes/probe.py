"""The shape that every probe has: which pairs it needs scored, and what it makes of the scores."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pipelines.data.views import Example
from pipelines.probes.material import Material


class Scores:
    """What a scorer gave, by pair id, and its threshold: the score from which it is taken to call a pair empathic.

    own_threshold: the one that the system itself names, where it does.
    """

    def __init__(self, by_id: Mapping[str, float], threshold: float, own_threshold: float | None = None) -> None:
        self.by_id, self.threshold, self.own_threshold = by_id, threshold, own_threshold

    def of(self, rows: Iterable[Example]) -> np.ndarray:
        """Scores (n,) of n pairs."""
        return np.array([self.by_id[row["example_id"]] for row in rows], dtype=np.float64)


@dataclass(frozen=True)
class Column:
    """A figure of a probe as a column of its table.

    path: where it lies in the probe's result. form: a "share" is shown in per cent, "count" as a whole number, the
    rest with decimals. wanted: the direction that a scorer which reads the context goes in. headline: whether it stands
    in the overview too.
    """

    path: tuple[str, ...]
    title: str
    form: Literal["share", "number", "count"]
    wanted: Literal["high", "low", ""]
    meaning: str
    headline: bool = False

    def read(self, record: Mapping[str, Any]) -> Any:
        """The estimate or count in a scorer's record."""
        found: Any = record
        for part in self.path:
            found = found[part]
        return found


@dataclass(frozen=True)
class Probe:
    """One probe.

    name: its key in a record. about: what is done and why, for a reader. rows: the pairs that it needs scored, besides
    the real turns. measure: its figures of one scorer, plain values for JSON. columns: those that a table shows.
    """

    name: str
    title: str
    about: str
    rows: Callable[[Material], Sequence[Example]]
    measure: Callable[[Material, Scores], dict[str, Any]]
    columns: tuple[Column, ...]
