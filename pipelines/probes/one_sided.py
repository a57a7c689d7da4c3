"""Response-only and context-only: how well is the score reproduced from one side of the pair alone?"""

from typing import Any

from pipelines.data.views import Example
from pipelines.probes.estimates import spearman_estimate
from pipelines.probes.material import Material
from pipelines.probes.pairs import one_turn, pair_row
from pipelines.probes.probe import Column, Probe, Scores

BLANK = "..."


def _response_only(material: Material) -> list[Example]:
    return [pair_row(one_turn(BLANK), turn["response"]) for turn in material.turns]


def _context_only(material: Material) -> list[Example]:
    return [pair_row(turn["dialogue_context"], BLANK) for turn in material.turns]


def _rows(material: Material) -> list[Example]:
    return _response_only(material) + _context_only(material)


def _measure(material: Material, scores: Scores) -> dict[str, Any]:
    real = scores.of(material.real)
    return {
        "response_only": spearman_estimate(real, scores.of(_response_only(material)), material.dialogues),
        "context_only": spearman_estimate(real, scores.of(_context_only(material)), material.dialogues),
    }


PROBE = Probe(
    name="one_sided",
    title="Response only, context only",
    about=(
        f"The same scorer on real turns with the context replaced by one speaker turn “{BLANK}”, and with the response "
        f"replaced by “{BLANK}”. Near 1: the other side adds nothing to the order of the scores. A model trained on "
        "one side alone is the stronger test: give it as a scorer of its own."
    ),
    rows=_rows,
    measure=_measure,
    columns=(
        Column(
            ("one_sided", "response_only"), "ρ response only", "number", "low",
            "Spearman correlation, over real turns, of the full score with the score of the response without its "
            "context; 95 % interval by bootstrap over dialogues, n = turns", headline=True,
        ),
        Column(
            ("one_sided", "context_only"), "ρ context only", "number", "",
            "Spearman correlation of the full score with the score of the context without its response", headline=True,
        ),
    ),
)  # fmt: skip
