"""What the generators take from: responses of other training dialogues, and neutral comments."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Row = dict[str, Any]  # the columns of EXAMPLE_FEATURES, `emotion` as its class id

# A shorter response fits almost anywhere ("Oh no!"), so that it would be a wrong negative.
MIN_WORDS = 4
_TRIES = 20


class Pool:
    """Responses of the training rows by emotion and turn, and neutral comments.

    Only the rows that are given are in it: with the rows of one split, nothing crosses splits.
    """

    def __init__(self, rows: Sequence[Row], comments: Sequence[str] = ()) -> None:
        self.comments = comments
        self._rows = [row for row in rows if len(row["response"].split()) >= MIN_WORDS]
        self._at_turn: dict[int, list[Row]] = defaultdict(list)
        self._of_emotion: dict[int, list[Row]] = defaultdict(list)
        self._of_emotion_at_turn: dict[tuple[int, int], list[Row]] = defaultdict(list)
        for row in self._rows:
            self._at_turn[row["turn"]].append(row)
            self._of_emotion[row["emotion"]].append(row)
            self._of_emotion_at_turn[row["emotion"], row["turn"]].append(row)

    def same_emotion(self, row: Row, rng: Random) -> str | None:
        """A response of another dialogue of the row's emotion, at the same turn where there is one; None without."""
        emotion = row["emotion"]
        candidates = (self._of_emotion_at_turn.get((emotion, row["turn"]), []), self._of_emotion.get(emotion, []))
        return _draw(candidates, lambda other: _another(row, other), rng)

    def different_emotion(self, row: Row, rng: Random) -> str | None:
        """A response of a dialogue of another emotion, at the same turn where there is one; None without."""
        candidates = (self._at_turn.get(row["turn"], []), self._rows)
        return _draw(candidates, lambda other: other["emotion"] != row["emotion"] and _another(row, other), rng)


def _draw(candidates: Sequence[list[Row]], fits: Callable[[Row], bool], rng: Random) -> str | None:
    """The response of a random row that fits, from the first list that holds one."""
    for rows in candidates:
        for _ in range(_TRIES if rows else 0):
            other = rng.choice(rows)
            if fits(other):
                return str(other["response"])
        # Chance found none: it is rare, or there is none.
        fitting = [other for other in rows if fits(other)]
        if fitting:
            return str(rng.choice(fitting)["response"])
    return None


def _another(row: Row, other: Row) -> bool:
    """Whether `other` is of another dialogue about something else, and answers in other words."""
    return bool(
        other["conv_id"] != row["conv_id"]
        and (not row["situation"] or other["situation"] != row["situation"])
        and _bare(other["response"]) != _bare(row["response"])
    )


def _bare(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())
