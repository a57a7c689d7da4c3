"""The texts that the views of an example hold."""

from collections.abc import Callable, Mapping
from typing import Any

Example = Mapping[str, Any]


def _texts(example: Example, role: str | None = None) -> list[str]:
    return [turn["text"] for turn in example["dialogue_context"] if role is None or turn["role"] == role]


# What a config may name as its `context_view`: what the emotion is read from.
CONTEXT_VIEWS: dict[str, Callable[[Example], list[str]]] = {
    "situation": lambda example: [example["situation"]],
    "first_utterance": lambda example: _texts(example)[:1],
    "speaker_turns": lambda example: _texts(example, role="speaker"),
    "dialogue_context": lambda example: _texts(example),
}


# What a config may name as `seen`: what is left of an example before its views are made.
SEEN: dict[str, Callable[[Example], Example]] = {
    "both": lambda example: example,
    "response": lambda example: {**example, "situation": "", "dialogue_context": []},
    "context": lambda example: {**example, "response": ""},
}


def context_turns(example: Example, context_view: str) -> list[str]:
    """Turns of the context view, oldest first."""
    return CONTEXT_VIEWS[context_view](example)


def context_text(example: Example, context_view: str) -> str:
    """The context view as one plain string, for models that have no separator."""
    return " ".join(context_turns(example, context_view))
