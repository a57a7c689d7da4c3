"""What may be given as a context or a dialogue, and its checks."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.data.dialogue import LISTENER, SPEAKER, clean_text
from pipelines.errors import UserError

Turn = Mapping[str, str]
Context = str | Sequence[str] | Sequence[Turn]
ROLES = (SPEAKER, LISTENER)


def context_turns(context: Context) -> list[dict[str, str]]:
    """The turns before the reply, as {"role", "text"}.

    A string is one turn of the speaker's. Strings alternate, the last one the speaker's. Raises UserError otherwise.
    """
    if isinstance(context, str):
        return [{"role": SPEAKER, "text": _text(context, "context")}]
    turns = _sequence(context, "context")
    if all(isinstance(turn, str) for turn in turns):
        last = len(turns) - 1
        return [
            {"role": ROLES[(last - place) % 2], "text": _text(turn, f"context[{place}]")}
            for place, turn in enumerate(turns)
        ]
    return [_turn(turn, f"context[{place}]") for place, turn in enumerate(turns)]


def dialogue_turns(dialogue: Sequence[str] | Sequence[Turn]) -> list[dict[str, str]]:
    """The turns of a dialogue, the speaker's first where they are plain strings. Raises UserError otherwise."""
    turns = _sequence(dialogue, "dialogue")
    if all(isinstance(turn, str) for turn in turns):
        return [
            {"role": ROLES[place % 2], "text": _text(turn, f"dialogue[{place}]")} for place, turn in enumerate(turns)
        ]
    return [_turn(turn, f"dialogue[{place}]") for place, turn in enumerate(turns)]


def listener_places(turns: Sequence[Turn]) -> tuple[int, ...]:
    """Places of the listener's turns that have one before them. Raises UserError where there is none."""
    places = tuple(place for place, turn in enumerate(turns) if place and turn["role"] == LISTENER)
    if not places:
        raise UserError("dialogue: expected at least one turn of the listener's after the speaker's, got none")
    return places


def response_text(response: Any) -> str:
    """The reply. Raises UserError where it is no text."""
    return _text(response, "response")


def _sequence(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, bytes | str):
        raise UserError(
            f"{name}: expected a list of turns (texts, or role and text), got {type(value).__name__}; "
            'such as ["I lost my job.", "Oh no!"] or [{"role": "speaker", "text": "I lost my job."}]'
        )
    return value


def _turn(turn: Any, name: str) -> dict[str, str]:
    if not isinstance(turn, Mapping) or set(turn) != {"role", "text"} or turn["role"] not in ROLES:
        raise UserError(
            f'{name}: expected a text, or {{"role": "speaker" or "listener", "text": ...}} in all turns, got '
            f"{repr(turn)[:80]}"
        )
    return {"role": turn["role"], "text": _text(turn["text"], f"{name}.text")}


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise UserError(f"{name}: expected a text, got {type(value).__name__}")
    # Lone surrogates, which JSON can carry, are no text that a tokenizer could read.
    return clean_text(value.encode("utf-8", "replace").decode("utf-8").replace("\x00", " "))
