"""Length control: how much of the score is the response's length, and does the context count at every length?"""

from typing import Any

import numpy as np

from pipelines.data.views import Example
from pipelines.probes.context_swap import swap_partners, swapped_rows
from pipelines.probes.estimates import area_estimate, spearman_estimate
from pipelines.probes.material import Material
from pipelines.probes.probe import Column, Probe, Scores

QUARTERS = 4


def _rows(material: Material) -> list[Example]:
    return swapped_rows(material.turns, swap_partners(material.turns, "all"))


def _measure(material: Material, scores: Scores) -> dict[str, Any]:
    real, words = scores.of(material.real), material.words
    partners = swap_partners(material.turns, "all")
    swapped = np.full(len(real), np.nan)
    swapped[list(partners)] = scores.of(swapped_rows(material.turns, partners))
    edges = np.quantile(words, [k / QUARTERS for k in range(1, QUARTERS)])
    quarter = np.searchsorted(edges, words)  # a length on an edge belongs to the shorter quarter
    found: dict[str, Any] = {"spearman": spearman_estimate(real, np.log(np.maximum(words, 1)), material.dialogues)}
    for k in range(QUARTERS):
        inside = np.flatnonzero((quarter == k) & np.isfinite(swapped))
        area = area_estimate(real[inside], swapped[inside], [material.dialogues[index] for index in inside])
        ends = [int(words[inside].min()), int(words[inside].max())] if len(inside) else None
        found[f"area_quarter_{k + 1}"] = {"words": ends, **area}
    return found


PROBE = Probe(
    name="length",
    title="Length control",
    about=(
        "Length explains part of every empathy rating. Here: how closely the score follows the number of words of real "
        "responses, and the swap area among responses of similar length, from the shortest quarter to the longest. "
        "The filler of the phrase insertion belongs here too."
    ),
    rows=_rows,
    measure=_measure,
    columns=(
        Column(
            ("length", "spearman"), "ρ with length", "number", "",
            "Spearman correlation of the score with the logarithm of the response's words, on real turns; "
            "95 % interval by bootstrap over dialogues, n = turns", headline=True,
        ),
        *(
            Column(
                ("length", f"area_quarter_{k}"), f"swap area, {name} quarter", "number", "high",
                f"area of the context swap among the {name} quarter of responses",
            )
            for k, name in enumerate(("shortest", "second", "third", "longest"), start=1)
        ),
    ),
)  # fmt: skip
