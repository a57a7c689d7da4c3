"""What `empathy audit` and `empathy probe` found about a run: its agreement with people, and what the probes showed.

Both files are optional: each adds columns to the main table of a report in which at least one run has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pipelines.errors import UserError
from pipelines.reporting.run_files import check_schema, read_json


@dataclass(frozen=True)
class MeasuredFile:
    """A file that a command adds to a finished run."""

    task: str
    name: str
    command: str

    @property
    def remedy(self) -> str:
        return f"run `{self.command}` on this run again"


PEOPLE = MeasuredFile("people", "human_agreement.json", "empathy audit")
PROBES = MeasuredFile("probes", "probes.json", "empathy probe")
MEASURED_FILES = (PEOPLE, PROBES)


@dataclass(frozen=True)
class MeasuredFigure:
    """One figure of such a file: where it stands there, its column title and which direction is better.

    `count` is where the file says how many examples the figure is over. Only `column`s stand in the main table.
    """

    key: str
    file: MeasuredFile
    title: str
    direction: Literal["max", "min"]
    path: tuple[str, ...]
    count: tuple[str, ...]
    column: bool = True


ABSENT = "nothing"


class Measured(NamedTuple):
    """A figure with its 95 % interval over the n examples it is worked out on; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None
    n: int | None


def _people(key: str, title: str, direction: Literal["max", "min"], human_set: str, figure: str) -> MeasuredFigure:
    return MeasuredFigure(key, PEOPLE, title, direction, ("sets", human_set, figure), ("sets", human_set, "n"))


def _probe(key: str, title: str, direction: Literal["max", "min"], *path: str, column: bool = True) -> MeasuredFigure:
    return MeasuredFigure(key, PROBES, title, direction, path, (*path, "n"), column)


CONTEXT_SWAP = _probe("context_swap", "context-swap area", "max", "context_swap", "area")
SAME_EMOTION = _probe("context_swap_same_emotion", "same emotion", "max", "context_swap", "same_emotion", column=False)
OTHER_EMOTION = _probe(
    "context_swap_other_emotion", "different emotion", "max", "context_swap", "different_emotion", column=False
)
INSERTION_FLIPS = _probe("insertion_flips", "flipped by a phrase", "min", "insertion", "flipped")
MEASURED_FIGURES = (
    _people("people_spearman", "people ρ, dialogues", "max", "dialogues", "spearman"),
    _people("people_spearman_within_rater", "people ρ, within a sheet", "max", "dialogues", "spearman_within_rater"),
    _people("people_mae", "people MAE, dialogues", "min", "dialogues", "mae"),
    _people("people_spearman_responses", "people ρ, responses", "max", "responses", "spearman"),
    INSERTION_FLIPS,
    CONTEXT_SWAP,
    SAME_EMOTION,
    OTHER_EMOTION,
)


def read_measured(folder: Path) -> dict[str, Measured]:
    """The figures of a run's human_agreement.json and probes.json by their keys; of an absent file there are none.

    A human set that was not audited has no figures either. Raises UserError where a file is broken, of another schema,
    or lacks a figure.
    """
    found: dict[str, Measured] = {}
    for file in MEASURED_FILES:
        path = folder / file.name
        if not path.is_file():
            continue
        content = read_json(path, file.remedy)
        check_schema(path, content, file.remedy)
        audited = content.get("sets")
        for figure in MEASURED_FIGURES:
            left_out = file is PEOPLE and isinstance(audited, dict) and figure.path[1] not in audited
            if figure.file is file and not left_out:
                found[figure.key] = _read_figure(path, content, figure)
    return found


def _read_figure(path: Path, content: dict[str, Any], figure: MeasuredFigure) -> Measured:
    place = _at(content, figure.path)
    if place is None:  # a figure that is undefined, such as the correlation of a constant
        return Measured(None, None, None, None)
    numbers: list[Any] = [_at(place, (key,)) for key in ("value", "low", "high")]
    if not all(number is None or (isinstance(number, int | float) and isfinite(number)) for number in numbers):
        raise UserError(
            f"{path}: expected {'.'.join(figure.path)} to hold the numbers value, low and high, found {place!r:.80}; "
            f"{figure.file.remedy}"
        )
    n = _at(content, figure.count)
    return Measured(numbers[0], numbers[1], numbers[2], n if isinstance(n, int) else None)


def _at(content: Any, path: Sequence[str]) -> Any:
    for key in path:
        content = content.get(key, ABSENT) if isinstance(content, dict) else ABSENT
    return content
