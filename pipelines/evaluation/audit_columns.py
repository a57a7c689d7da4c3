"""The columns of scores that an audit compares with people: references, signals, labels, scorers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from pipelines.errors import UserError
from pipelines.evaluation.human_agreement import SCORE_RANGE
from pipelines.evaluation.human_sets import HumanSet
from pipelines.evaluation.scorers import Scorer, load_scorer, read_results, run_folder

Kind = Literal["reference", "signal", "labels", "scorer"]
KEYS = ("example_id", "conv_id", "turn", "split")
MAKE_LABELS = "give a folder that `empathy label` wrote"


@dataclass(frozen=True)
class RunCell:
    """Which run a scorer is: its folder, what it shares with its other seeds, and its seed.

    on_scale: whether its scores are on the scale from 1 to 5; those of a peer are on one of its own.
    """

    folder: Path
    family: str
    seed: int
    on_scale: bool = True


@dataclass(frozen=True)
class ScoreColumn:
    """One column of scores over the items of each set.

    Attributes:
        name: as tables show it.
        kind: what it is.
        values: name of a human set -> (items,), NaN where the column has nothing to say of an item.
        ranges: name of a human set -> what the ends of the set's scale are in units of the score; None for a score in
            other units, to which a line is fitted before its distance from the ratings is taken.
        cell: of a scorer that is a run folder.
    """

    name: str
    kind: Kind
    values: Mapping[str, np.ndarray]
    ranges: Mapping[str, tuple[float, float] | None]
    cell: RunCell | None = None


def reference_columns(sets: Sequence[HumanSet]) -> list[ScoreColumn]:
    """What needs no model: the mean rating for every item, and the words of the listener."""
    constant = {human.name: np.full(len(human.items), human.ratings.mean()) for human in sets}
    own_scale = {human.name: (float(human.scale.lowest), float(human.scale.highest)) for human in sets}
    return [
        ScoreColumn("constant (mean rating)", "reference", constant, own_scale),
        ScoreColumn("length (words)", "reference", {human.name: human.words for human in sets}, _unranged(sets)),
    ]


def label_columns(folder: Path, sets: Sequence[HumanSet]) -> list[ScoreColumn]:
    """Every signal of a labels folder and its labels, a dialogue's being the mean over its listener turns.

    Raises:
        UserError: a file is missing or broken, or holds none of the turns that people rated.
    """
    labels = _read_table(folder / "labels.parquet", ("example_id", "empathy"))
    signals = _read_table(folder / "signals.parquet", KEYS)
    names = [name for name in signals.columns if name not in KEYS]
    _check_numbers(folder / "signals.parquet", signals[names])
    _check_numbers(folder / "labels.parquet", labels[["empathy"]])
    rated = {one for human in sets for item in human.items for one in item.corpus_ids if one is not None}
    # Of 51,000 turns a few thousand are needed.
    signals = signals[signals["example_id"].isin(rated)]
    labels = labels[labels["example_id"].isin(rated) & labels["empathy"].notna()]
    for table, file in ((signals, "signals.parquet"), (labels, "labels.parquet")):
        if table.empty:
            raise UserError(
                f"{folder / file}: expected the listener turns that people rated, it holds none of {len(rated):,}; "
                "label the same corpus with the split that is audited"
            )
    found = [_corpus_column(name, "signal", signals, name, sets, _unranged(sets)) for name in names]
    ranged = dict.fromkeys((human.name for human in sets), SCORE_RANGE)
    return [*found, _corpus_column(f"labels ({folder.name})", "labels", labels, "empathy", sets, ranged)]


def scorer_columns(specs: Sequence[str], sets: Sequence[HumanSet]) -> list[ScoreColumn]:
    """A column for each scorer, in order; a dialogue's score is the mean over its listener turns.

    The scores of a family's run are on the scale from 1 to 5, those of a peer's are not; those of a scorer that is no
    run are taken to be if all lie on it.

    Raises:
        UserError: as `load_scorer` does, or a scorer has the same name as another.
    """
    rows = list({row["example_id"]: row for human in sets for row in human.examples()}.values())
    found: dict[str, ScoreColumn] = {}
    for spec in specs:
        cell = _cell(spec)  # before the model is loaded: a wrong folder is told at once
        scorer: Scorer = load_scorer(spec)
        if scorer.name in found:
            raise UserError(f"scorers: expected each scorer once, {scorer.name} came twice; the second was {spec}")
        scores = np.asarray(scorer.score(rows), dtype=np.float64)
        by_id = dict(zip((row["example_id"] for row in rows), scores.tolist(), strict=True))
        within = bool(SCORE_RANGE[0] <= scores.min() and scores.max() <= SCORE_RANGE[1])
        on_scale = within if cell is None else cell.on_scale
        ranges = dict.fromkeys((human.name for human in sets), SCORE_RANGE) if on_scale else _unranged(sets)
        values = {human.name: human.mean_scores(by_id) for human in sets}
        found[scorer.name] = ScoreColumn(scorer.name, "scorer", values, ranges, cell)
    return list(found.values())


def _cell(spec: str) -> RunCell | None:
    folder = run_folder(spec)
    if folder is None:
        return None
    results: dict[str, Any] = read_results(folder)
    # The folder's name, not the experiment's, so that it reads as the scorers below it do.
    experiment = folder.resolve().parent.name
    if "peer" in results:
        system = f"{experiment}/{results['peer']}-{results['variant']}"
        return RunCell(folder, system, int(results["seed"]), on_scale=False)
    family = f"{experiment}/{results['family']}-lambda{results['lambda_emo']:g}"
    for key, usual in (("augmentation", "none"), ("seen", "both")):
        if results.get(key, usual) != usual:
            family += f"-{results[key]}"
    return RunCell(folder, family, int(results["seed"]))


def _corpus_column(
    name: str,
    kind: Kind,
    table: pd.DataFrame,
    column: str,
    sets: Sequence[HumanSet],
    ranges: Mapping[str, tuple[float, float] | None],
) -> ScoreColumn:
    by_id = dict(zip(table["example_id"], table[column].astype(float), strict=True))
    return ScoreColumn(name, kind, {human.name: human.mean_signals(by_id) for human in sets}, ranges)


def _unranged(sets: Sequence[HumanSet]) -> dict[str, tuple[float, float] | None]:
    return {human.name: None for human in sets}


def _read_table(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError:
        raise UserError(f"{path}: expected a parquet file, there is none; {MAKE_LABELS}") from None
    except Exception as error:  # pyarrow raises many kinds for a broken file
        line = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise UserError(f"{path}: expected a parquet file, it cannot be read ({line}); {MAKE_LABELS}") from error
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise UserError(f"{path}: expected the columns {', '.join(needed)}, lacks {', '.join(missing)}; {MAKE_LABELS}")
    if table["example_id"].duplicated().any():
        raise UserError(f"{path}: expected each example_id once, some come twice; {MAKE_LABELS}")
    return table


def _check_numbers(path: Path, columns: pd.DataFrame) -> None:
    for name in columns:
        if not pd.api.types.is_numeric_dtype(columns[name]):
            raise UserError(f"{path}: expected numbers in the column {name}, it holds {columns[name].dtype}")
        if np.isinf(columns[name].to_numpy(dtype=float, na_value=np.nan)).any():
            raise UserError(f"{path}: expected finite numbers or none in the column {name}, some are infinite")
