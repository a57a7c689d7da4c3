"""What the command line turns into a message and exit status 2, and what such a message suggests."""

from collections.abc import Iterable
from difflib import SequenceMatcher

ALIKE_FROM = 0.6  # difflib's own bound for close matches
LAST_PART_COUNTS = 0.85  # epochs is like stages.epochs, but seed is more like seeds than like data.augmentation.seed


class UserError(Exception):
    """What was expected, what came, and what to do, in one line that a user can act on."""


class NotFiniteError(UserError):
    """Numbers that are NaN or infinite where a computation needs finite ones: it went wrong, and cannot go on."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The name among `known` that is most like `word`, dotted keys also by their last part; None where none is alike.

    >>> nearest("epocs", ["seeds", "stages.epochs"])
    'stages.epochs'
    """
    given = _plain(word)

    def likeness(name: str) -> float:
        whole = SequenceMatcher(None, given, _plain(name)).ratio()
        last = SequenceMatcher(None, given.rpartition(".")[2], _plain(name).rpartition(".")[2]).ratio()
        return max(whole, LAST_PART_COUNTS * last)

    best = max(known, key=likeness, default=None)
    return best if best is not None and likeness(best) >= ALIKE_FROM else None


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """The end of a message: `; did you mean <prefix><name>?`, or nothing where no name in `known` is like `word`."""
    found = nearest(word, known)
    return "" if found is None else f"; did you mean {prefix}{found}?"


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
