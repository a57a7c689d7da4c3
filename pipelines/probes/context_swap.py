"""Context swap: is a response scored higher in its own context than in another dialogue's?"""

from collections.abc import Callable
from typing import Any

import numpy as np

from pipelines.data.prepare import dialogue_hash
from pipelines.data.views import Example
from pipelines.probes.estimates import area_estimate, share_estimate
from pipelines.probes.material import Material
from pipelines.probes.pairs import pair_row
from pipelines.probes.probe import Column, Probe, Scores

KINDS = ("all", "same_emotion", "different_emotion")

Conflict = Callable[[Example, Example], bool]


def swap_partners(turns: list[Example], kind: str) -> dict[int, int]:
    """Index of a turn -> index of the turn whose context it is given; turns without a partner are left out.

    Both contexts have the same number of turns, and come from different dialogues with different texts; with
    "same_emotion" or "different_emotion" that holds of the dialogues' emotions. Partners follow from hashes of the
    dialogues' ids alone. Within a group each context is handed on once, so that the swapped pairs hold the same
    contexts and the same responses as the real ones: a scorer that reads only one side cannot tell them apart.
    """
    groups: dict[tuple[int, Any], list[int]] = {}
    for index, turn in enumerate(turns):
        emotion = turn["emotion"] if kind == "same_emotion" else None
        groups.setdefault((len(turn["dialogue_context"]), emotion), []).append(index)

    def conflict(a: int, b: int) -> bool:
        if turns[a]["conv_id"] == turns[b]["conv_id"] or turns[a]["dialogue_context"] == turns[b]["dialogue_context"]:
            return True
        return kind == "different_emotion" and turns[a]["emotion"] == turns[b]["emotion"]

    partners: dict[int, int] = {}
    for group in groups.values():
        group.sort(key=lambda index: dialogue_hash(turns[index]["conv_id"]))
        partners |= _derangement(group, conflict)
    return dict(sorted(partners.items()))


def _derangement(group: list[int], conflict: Callable[[int, int], bool]) -> dict[int, int]:
    """Hand everything on to the next in `group`; where that conflicts, exchange with the next for which both fit."""
    given = group[1:] + group[:1]
    for here in range(len(group)):
        if not conflict(group[here], given[here]):
            continue
        for step in range(1, len(group)):
            there = (here + step) % len(group)
            if not conflict(group[here], given[there]) and not conflict(group[there], given[here]):
                given[here], given[there] = given[there], given[here]
                break
    return {a: b for a, b in zip(group, given, strict=True) if not conflict(a, b)}


def swapped_rows(turns: list[Example], partners: dict[int, int]) -> list[Example]:
    """The response of each turn that has a partner, in its partner's context."""
    return [pair_row(turns[other]["dialogue_context"], turns[index]["response"]) for index, other in partners.items()]


def _rows(material: Material) -> list[Example]:
    return [row for kind in KINDS for row in swapped_rows(material.turns, swap_partners(material.turns, kind))]


def _measure(material: Material, scores: Scores) -> dict[str, Any]:
    result: dict[str, Any] = {"own_higher": {}, "ties": {}, "unpaired": {}}
    real = scores.of(material.real)
    for kind in KINDS:
        partners = swap_partners(material.turns, kind)
        chosen = np.array(list(partners), dtype=np.int64)
        own, swapped = real[chosen], scores.of(swapped_rows(material.turns, partners))
        clusters = [material.dialogues[index] for index in chosen]
        result["area" if kind == "all" else kind] = area_estimate(own, swapped, clusters)
        result["own_higher"][kind] = share_estimate((own > swapped).astype(float), clusters)
        result["ties"][kind] = int((own == swapped).sum())
        result["unpaired"][kind] = len(material.turns) - len(partners)
    return result


PROBE = Probe(
    name="context_swap",
    title="Context swap",
    about=(
        "Real listener turns, each scored in its own context and in that of another dialogue "
        "with as many turns. Area .5: the scorer cannot tell them apart; 1: every own pair above every swapped one. "
        "All pairs hold the same contexts and the same responses, so a scorer that reads one side only stays at .5."
    ),
    rows=_rows,
    measure=_measure,
    columns=(
        Column(
            ("context_swap", "area"), "swap area", "number", "high",
            "area under the ROC curve of responses in their own against swapped contexts; "
            "95 % interval by bootstrap over dialogues, n = turns", headline=True,
        ),
        Column(
            ("context_swap", "same_emotion"), "same emotion", "number", "high",
            "the swap area with contexts of dialogues of the same emotion", headline=True,
        ),
        Column(
            ("context_swap", "different_emotion"), "different emotion", "number", "high",
            "the swap area with contexts of dialogues of another emotion",
        ),
        Column(
            ("context_swap", "own_higher", "all"), "own higher", "share", "high",
            "share of turns that score higher in their own than in the swapped context, a tie counting as no",
        ),
        Column(
            ("context_swap", "own_higher", "same_emotion"), "own higher, same emotion", "share", "high",
            "that share with contexts of dialogues of the same emotion",
        ),
        Column(
            ("context_swap", "own_higher", "different_emotion"), "own higher, different emotion", "share", "high",
            "that share with contexts of dialogues of another emotion",
        ),
    ),
)  # fmt: skip
