"""Which rows read the context, by how much: from the probes of their runs and those of their response-only twins.

The context-swap area is the chance that a response in its own dialogue scores above one in another dialogue. Both
sides hold the same responses and the same contexts, so that a model which sees one side alone cannot leave 0.5.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.evaluation.intervals import SeedInterval, seed_interval
from pipelines.reporting.aggregate import Row, measured_column, row_label
from pipelines.reporting.people_and_probes import CONTEXT_SWAP, INSERTION_FLIPS, OTHER_EMOTION, SAME_EMOTION, Measured

BLIND = 0.5


@dataclass(frozen=True)
class ContextReading:
    """What the probes say of one row; every interval is a 95 % t interval over seeds, but `over_pairs`.

    over_pairs: the widest of the seeds' intervals of the area over the probe's pairs, lowest low to highest high.
    above_twin: the area minus that of `twin`, the same row trained on the response alone, seed by seed, on `seeds`.
    """

    row: Row
    area: SeedInterval | None
    over_pairs: Measured
    same_emotion: SeedInterval | None
    other_emotion: SeedInterval | None
    twin: Row | None
    seeds: list[int]
    above_twin: SeedInterval | None
    flips: SeedInterval | None

    @property
    def is_shown(self) -> bool | None:
        """Whether the area is above a blind model's over seeds and, for every seed, over pairs; None of a twin."""
        if self.row.is_twin:
            return None
        lows = [self.over_pairs.low, None if self.area is None else self.area.low]
        return all(low is not None and low > BLIND for low in lows)


def context_readings(rows: Sequence[Row]) -> list[ContextReading]:
    """A reading of each row whose runs were probed, in the order of `rows`."""
    return [_reading(row, rows) for row in rows if row.values(measured_column(CONTEXT_SWAP))]


def _reading(row: Row, rows: Sequence[Row]) -> ContextReading:
    area, same, other, flips = (
        row.estimate(measured_column(figure)) for figure in (CONTEXT_SWAP, SAME_EMOTION, OTHER_EMOTION, INSERTION_FLIPS)
    )
    twin = _response_twin(row, rows)
    own, blind = _areas(row), {} if twin is None else _areas(twin)
    seeds = [seed for seed in own if seed in blind]
    gains = [own[seed] - blind[seed] for seed in seeds]
    above = seed_interval(gains) if gains else None
    return ContextReading(row, area, _widest(row), same, other, twin if gains else None, seeds, above, flips)


def _response_twin(row: Row, rows: Sequence[Row]) -> Row | None:
    """The row that differs in seeing the response alone; of the same experiment where several have one."""
    if row.is_twin:
        return None
    wanted = (row.family, row.lambda_emo, row.augmentation)
    found = [
        other
        for other in rows
        if other.seen == "response" and (other.family, other.lambda_emo, other.augmentation) == wanted
    ]
    found.sort(key=lambda other: other.experiment != row.experiment)
    return found[0] if found else None


def _areas(row: Row) -> dict[int, float]:
    values = row.values(measured_column(CONTEXT_SWAP))
    return {seed: value for seed, value in zip(row.seeds, values, strict=False) if value is not None}


def _widest(row: Row) -> Measured:
    found = [run.measured[CONTEXT_SWAP.key] for run in row.runs]
    lows, highs = [one.low for one in found if one.low is not None], [one.high for one in found if one.high is not None]
    whole = len(lows) == len(highs) == len(found)
    return Measured(None, min(lows) if whole else None, max(highs) if whole else None, found[0].n)


def context_headline(readings: Sequence[ContextReading]) -> str | None:
    """One sentence: the main row with the largest area; None where no main row has one."""
    known = [(reading.area.mean, reading) for reading in readings if reading.area and not reading.row.is_twin]
    if not known:
        return None
    mean, best = max(known, key=lambda one: one[0])
    interval = " on one seed"
    if best.area is not None and best.area.low is not None:
        interval = f" [{best.area.low:.2f}, {best.area.high:.2f}] over {best.area.n} seeds"
    above = f", {best.above_twin.mean:+.2f} against its response-only twin" if best.above_twin else ""
    readers = "; ".join(row_label(reading.row) for _, reading in known if reading.is_shown)
    shown = "it reads the context" if best.is_shown else f"that it reads the context (more than {BLIND}) is not shown"
    if readers and not best.is_shown:
        shown += f" (it is for {readers})"
    return f"Context-swap area: {row_label(best.row)} comes first with {mean:.2f}{interval}{above}; {shown}."
