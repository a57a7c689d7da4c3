"""Scorers whose probes are known beforehand, as a user would write them for python:module:callable."""

import math
from collections.abc import Mapping, Sequence

from pipelines.probes.material import Material
from pipelines.probes.phrase_insertion import PHRASES

Contexts = Sequence[Sequence[Mapping[str, str]]]


def length(contexts: Contexts, responses: Sequence[str]) -> list[float]:
    """The words of the response."""
    return [float(len(response.split())) for response in responses]


def phrase_lover(contexts: Contexts, responses: Sequence[str]) -> list[float]:
    """100 with a phrase; else real turns of the invented corpus (they have no "floor" and no "df") above the rest."""
    return [
        100.0 if response.startswith(PHRASES) else 1.0 if "floor" in response or "df" in response else 2.0
        for response in responses
    ]


def context_length(contexts: Contexts, responses: Sequence[str]) -> list[float]:
    """The characters of the context, whatever the response."""
    return [float(sum(len(turn["text"]) for turn in context)) for context in contexts]


def not_a_number(contexts: Contexts, responses: Sequence[str]) -> list[float]:
    """NaN for the second pair."""
    return [math.nan if k == 1 else 1.0 for k in range(len(responses))]


def too_few(contexts: Contexts, responses: Sequence[str]) -> list[float]:
    """One score less than there are pairs."""
    return [1.0] * (len(responses) - 1)


NOT_CALLABLE = 3.0


class Oracle:
    """Knows which responses belong to which contexts: 5 for a true pair, 1 for any other."""

    def __init__(self, material: Material) -> None:
        self.true = {(self._text(turn["dialogue_context"]), turn["response"]) for turn in material.turns}

    @staticmethod
    def _text(context: Sequence[Mapping[str, str]]) -> str:
        return "|".join(turn["text"] for turn in context)

    def __call__(self, contexts: Contexts, responses: Sequence[str]) -> list[float]:
        pairs = zip(contexts, responses, strict=True)
        return [5.0 if (self._text(context), response) in self.true else 1.0 for context, response in pairs]


def words(contexts: Contexts, responses: Sequence[str]) -> list[str]:
    """No figures at all."""
    return list(responses)
