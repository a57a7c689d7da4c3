"""Polarity contradiction: does a response score lower once its feeling words are turned into their opposites?"""

import re
from typing import Any

import numpy as np

from pipelines.data.views import Example
from pipelines.probes.estimates import mean_estimate, share_estimate
from pipelines.probes.material import Material
from pipelines.probes.pairs import pair_row
from pipelines.probes.probe import Column, Probe, Scores

# Both ways, longest first; words whose opposite depends on the sentence ("hard", "fun", "like") are not here.
OPPOSITES = (
    ("sorry to hear", "happy to hear"),
    ("sad to hear", "glad to hear"),
    ("sorry for your loss", "happy for your loss"),
    ("sorry that", "glad that"),
    ("i'm sorry", "i'm glad"),
    ("i am sorry", "i am glad"),
    ("my condolences", "congratulations"),
    ("so sorry", "so happy"),
    ("great", "terrible"),
    ("wonderful", "horrible"),
    ("awesome", "awful"),
    ("fantastic", "dreadful"),
    ("good", "bad"),
    ("best", "worst"),
    ("nice", "nasty"),
    ("happy", "sad"),
    ("exciting", "depressing"),
    ("excited", "depressed"),
    ("lucky", "unlucky"),
    ("fortunate", "unfortunate"),
    ("proud", "ashamed"),
    ("sweet", "cruel"),
    ("beautiful", "ugly"),
    ("love", "hate"),
)
_FLIPS = dict(OPPOSITES) | {second: first for first, second in OPPOSITES}
_FLIPS |= {"congrats": "my condolences"}
_PATTERN = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _FLIPS), key=len, reverse=True)) + r")\b", re.IGNORECASE)


def contradiction(response: str) -> str | None:
    """The response with every polarity word or phrase flipped, None where it has none."""
    flipped, count = _PATTERN.subn(_flip, response.replace("’", "'"))
    return flipped if count else None


def _flip(found: re.Match[str]) -> str:
    opposite = _FLIPS[found[0].lower()]
    if found[0].isupper() and len(found[0]) > 1:
        return opposite.upper()
    # "I'm" keeps its capital wherever it stands.
    opposite = re.sub(r"^i(?=\W)", "I", opposite)
    return opposite[0].upper() + opposite[1:] if found[0][0].isupper() else opposite


def _contradicted(material: Material) -> dict[int, Example]:
    """Index of a real turn -> the pair with its response contradicted, for those that have a polarity."""
    found = {index: contradiction(turn["response"]) for index, turn in enumerate(material.turns)}
    return {
        index: pair_row(material.turns[index]["dialogue_context"], response)
        for index, response in found.items()
        if response is not None
    }


def _rows(material: Material) -> list[Example]:
    return list(_contradicted(material).values())


def _measure(material: Material, scores: Scores) -> dict[str, Any]:
    pairs = _contradicted(material)
    clusters = [material.dialogues[index] for index in pairs]
    drop = scores.of(material.real[index] for index in pairs) - scores.of(pairs.values())
    spread = float(scores.of(material.real).std())
    return {
        "lower": share_estimate((drop > 0).astype(float), clusters),
        "ties": int((drop == 0).sum()),
        "mean_drop": mean_estimate(drop, clusters),
        "mean_drop_sd": mean_estimate(drop / spread if spread > 0 else np.zeros(len(drop)), clusters),
    }


PROBE = Probe(
    name="polarity",
    title="Polarity contradiction",
    about=(
        "Real listener turns with a clear polarity word, each flipped by a small lexicon (“sorry to hear” ↔ “happy to "
        "hear”, “great” ↔ “terrible”). The contradiction should score lower."
    ),
    rows=_rows,
    measure=_measure,
    columns=(
        Column(
            ("polarity", "lower"), "contradiction lower", "share", "high",
            "share of turns with a polarity word that score lower once it is flipped, a tie counting as no; "
            "95 % interval by bootstrap over dialogues, n = turns", headline=True,
        ),
        Column(
            ("polarity", "mean_drop"), "mean drop", "number", "high",
            "mean drop of the score by the contradiction, in points of the scorer's own scale",
        ),
        Column(
            ("polarity", "mean_drop_sd"), "mean drop, sd", "number", "high",
            "mean drop in standard deviations of the scorer's scores of real turns, so that scales can be compared",
        ),
    ),
)  # fmt: skip
