"""What an audit finds: every column against every human set, over seeds where there are several, and what to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata

from pipelines.atomic import write_json
from pipelines.data.empatheticdialogues import NAME, read_empatheticdialogues
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.human_ratings import read_dialogue_ratings
from pipelines.evaluation.audit_columns import ScoreColumn
from pipelines.evaluation.audit_configuration import AuditSettings
from pipelines.evaluation.human_agreement import Agreement, Estimate, HumanAgreement
from pipelines.evaluation.human_sets import HumanSet, RatedItem, read_dialogue_set, read_response_set
from pipelines.evaluation.intervals import SeedInterval, seed_interval
from pipelines.evaluation.noise_ceiling import NoiseCeiling, PairedRatings, across_sets, noise_ceiling

SCHEMA_VERSION = 1
RUN_FILE = "human_agreement.json"
FEWEST = 3  # items that a column must cover for anything to be said of it
FIGURES = tuple(one.name for one in fields(Agreement) if one.name not in ("n", "fitted"))


@dataclass(frozen=True)
class AuditRow:
    """A column and what it agrees with: name of a human set -> agreement, None where it covers under 3 items."""

    column: ScoreColumn
    agreements: Mapping[str, Agreement | None]


@dataclass(frozen=True)
class SeedsRow:
    """Runs that differ in the seed alone: name of a set -> figure -> mean and t interval over seeds, or None."""

    family: str
    seeds: list[int]
    figures: Mapping[str, Mapping[str, SeedInterval | None]]


@dataclass(frozen=True)
class Disagreement:
    """An item on which a column and people rank differently.

    score_rank, rating_rank: mean rank as a share of the items, 0 lowest to 1 highest.
    """

    item: RatedItem
    score: float
    score_rank: float
    rating_rank: float


@dataclass(frozen=True)
class DisagreementList:
    """The largest differences of one column on one set: it ranks `above` people, or `below` them."""

    column: str
    human: HumanSet
    above: list[Disagreement]
    below: list[Disagreement]


@dataclass(frozen=True)
class AuditStudy:
    """Everything that the report shows."""

    settings: AuditSettings
    sets: list[HumanSet]
    ceilings: dict[str, NoiseCeiling]
    across: PairedRatings | None
    rows: list[AuditRow]
    seeds: list[SeedsRow]
    disagreements: list[DisagreementList]


def read_sets(settings: AuditSettings) -> list[HumanSet]:
    """Read the sets that the settings name: dialogues first. Raises UserError as the readers do."""
    reserved = read_exclude_ids(settings.exclude_ids, NAME)
    corpus = read_empatheticdialogues(settings.path, reserved, strict=False)
    sets = []
    if settings.dialogues is not None:
        sets.append(read_dialogue_set(settings.dialogues, corpus, settings.split, reserved))
    if settings.responses is not None:
        responses = read_response_set(settings.responses, corpus, settings.response_source, reserved)
        if settings.dialogues is not None:
            fitted = {
                one.conv_id for one in read_dialogue_ratings(Path(settings.dialogues)) if one.split != settings.split
            }
            if seen := sum(item.conv_id in fitted for item in responses.items):
                responses.noted["dialogue_rated_in_another_split"] = seen
        sets.append(responses)
    return sets


def study(settings: AuditSettings, sets: list[HumanSet], columns: Sequence[ScoreColumn]) -> AuditStudy:
    """Compare every column with every set."""
    rows = _rows(sets, columns)
    to_read = next((column for kind in ("labels", "scorer") for column in columns if column.kind == kind), None)
    lists = [] if to_read is None else [_disagreements(to_read, human, settings.disagreements) for human in sets]
    return AuditStudy(
        settings=settings,
        sets=sets,
        ceilings={human.name: noise_ceiling(human) for human in sets},
        across=_across(settings, sets),
        rows=rows,
        seeds=_over_seeds(rows, sets),
        disagreements=lists,
    )


def write_run_files(found: AuditStudy) -> list[Path]:
    """Write human_agreement.json into the folder of every scorer that is a run, and return the paths."""
    paths = []
    for row in found.rows:
        if row.column.cell is not None:
            sets = {human.name: set_record(human) | _agreed(row, human) for human in found.sets}
            paths.append(row.column.cell.folder / RUN_FILE)
            write_json(paths[-1], {"schema_version": SCHEMA_VERSION, "sets": sets})
    return paths


def set_record(human: HumanSet) -> dict[str, Any]:
    """Which ratings they are, for the records."""
    return {"part": human.part, "dropped": human.dropped, "noted": human.noted}


def _agreed(row: AuditRow, human: HumanSet) -> dict[str, Any]:
    found = row.agreements[human.name]
    return {"n": 0, **dict.fromkeys(FIGURES)} if found is None else found.to_dict()


def _rows(sets: Sequence[HumanSet], columns: Sequence[ScoreColumn]) -> list[AuditRow]:
    agreements: list[dict[str, Agreement | None]] = [{} for _ in columns]
    for human in sets:
        # Signals that abstain on the same items share what does not depend on their scores.
        engines: dict[bytes, HumanAgreement] = {}
        ratings, raters, words = human.ratings, human.raters, human.words
        for place, column in enumerate(columns):
            scores = column.values[human.name]
            covered = np.isfinite(scores)
            if covered.sum() < FEWEST:
                agreements[place][human.name] = None
                continue
            key = covered.tobytes()
            if key not in engines:
                engines[key] = HumanAgreement(ratings[covered], raters[covered], words[covered], human.scale)
            agreements[place][human.name] = engines[key].of(scores[covered], column.ranges[human.name])
    return [AuditRow(column, of_one) for column, of_one in zip(columns, agreements, strict=True)]


def _over_seeds(rows: Sequence[AuditRow], sets: Sequence[HumanSet]) -> list[SeedsRow]:
    families: dict[str, list[AuditRow]] = {}
    for row in rows:
        if row.column.cell is not None:
            families.setdefault(row.column.cell.family, []).append(row)
    found = []
    for family, members in families.items():
        if len(members) > 1:
            seeds = [row.column.cell.seed for row in members if row.column.cell is not None]
            figures = {human.name: _seed_figures(members, human.name) for human in sets}
            found.append(SeedsRow(family, seeds, figures))
    return found


def _seed_figures(members: Sequence[AuditRow], human: str) -> dict[str, SeedInterval | None]:
    found: dict[str, SeedInterval | None] = {}
    for name in FIGURES:
        agreements = [row.agreements[human] for row in members]
        estimates: list[Estimate | None] = [None if one is None else getattr(one, name) for one in agreements]
        values = [one.value for one in estimates if one is not None]
        found[name] = seed_interval(values) if len(values) == len(members) else None
    return found


def _across(settings: AuditSettings, sets: Sequence[HumanSet]) -> PairedRatings | None:
    """The responses' ratings beside those of their dialogues in any split: no model is involved."""
    responses = next((human for human in sets if human.name == "responses"), None)
    if responses is None or settings.dialogues is None:
        return None
    return across_sets(responses, read_dialogue_ratings(Path(settings.dialogues)))


def _disagreements(column: ScoreColumn, human: HumanSet, count: int) -> DisagreementList:
    scores = column.values[human.name]
    covered = np.flatnonzero(np.isfinite(scores))
    n = max(len(covered), 1)
    score_ranks = (rankdata(scores[covered]) - 0.5) / n
    rating_ranks = (rankdata(human.ratings[covered]) - 0.5) / n
    order = np.argsort(-(score_ranks - rating_ranks), kind="stable")

    def listed(places: np.ndarray) -> list[Disagreement]:
        return [
            Disagreement(
                human.items[covered[k]], float(scores[covered[k]]), float(score_ranks[k]), float(rating_ranks[k])
            )
            for k in places
        ]

    above = [k for k in order[:count] if score_ranks[k] > rating_ranks[k]]
    below = [k for k in order[::-1][:count] if score_ranks[k] < rating_ranks[k]]
    return DisagreementList(column.name, human, listed(np.array(above, int)), listed(np.array(below, int)))
