"""Phrase insertion: does an empathic phrase make a response empathic where the context calls for none?"""

from typing import Any

import numpy as np

from pipelines.data.views import Example
from pipelines.probes.estimates import Estimate, mean_estimate, share_estimate, wilson
from pipelines.probes.material import Material
from pipelines.probes.pairs import pair_row
from pipelines.probes.probe import Column, Probe, Scores

# No training data, augmentation included, may be made with these.
PHRASES = (
    "I know how you feel.",
    "I'm sorry.",
    "I feel you.",
    "I feel the same way.",
    "I understand how you feel.",
    "Why?",
    "What happened?",
    "Why do you feel like that?",
)
FILLER = "It is what it is today."  # as long as the longest phrase, and says nothing
POSITION = "before the response"


def _inserted(pair: Example) -> list[Example]:
    """The pair with each phrase put before its response, the filler last."""
    context, response = pair["dialogue_context"], pair["response"]
    return [pair_row(context, f"{phrase} {response}") for phrase in (*PHRASES, FILLER)]


def _rows(material: Material) -> list[Example]:
    pairs = [pair for corpus in material.corpora.values() for pair in corpus]
    return pairs + [row for pair in pairs for row in _inserted(pair)]


def _measure(material: Material, scores: Scores) -> dict[str, Any]:
    before, after, ids, corpora = [], [], [], []
    for name, pairs in material.corpora.items():
        before.append(scores.of(pairs))
        after.append(np.stack([scores.of(_inserted(pair)) for pair in pairs]))
        ids += [pair["example_id"] for pair in pairs]
        corpora += [name] * len(pairs)
    plain, changed, corpus = np.concatenate(before), np.concatenate(after), np.array(corpora)
    below = plain < scores.threshold
    flips = changed >= scores.threshold  # (pairs, phrases and filler)
    phrases = slice(len(PHRASES))
    of_corpus = {name: below & (corpus == name) for name in material.corpora}
    return {
        "position": POSITION,
        "pairs": len(plain),
        **_figures(flips, below, ids),
        "any_phrase": wilson(int(flips[below, phrases].any(axis=1).sum()), int(below.sum())),
        "by_phrase": _by_phrase(flips, below),
        "by_corpus": {
            name: {"pairs": len(material.corpora[name]), **_figures(flips, mask, ids)}
            | {"by_phrase": _by_phrase(flips, mask), "control": _share(flips, mask, len(PHRASES))}
            for name, mask in of_corpus.items()
        },
        "control": {"phrase": FILLER, **_share(flips, below, len(PHRASES))},
        "mean_change": mean_estimate((changed[:, phrases] - plain[:, None]).mean(axis=1), ids),
        "control_mean_change": mean_estimate(changed[:, len(PHRASES)] - plain, ids),
        "own_threshold": _by_own_threshold(plain, changed, corpus, scores.own_threshold),
    }


def _by_own_threshold(
    plain: np.ndarray, changed: np.ndarray, corpus: np.ndarray, threshold: float | None
) -> dict[str, Any] | None:
    """For each corpus the share of all pairs that the system itself calls empathic, as they are and with each phrase.

    None where it names no threshold. plain, corpus: (pairs,); changed: (pairs, phrases and filler).
    """
    if threshold is None:
        return None
    found: dict[str, Any] = {"threshold": threshold}
    for name in dict.fromkeys(corpus.tolist()):
        chosen = corpus == name
        empathic = changed[chosen] >= threshold
        shares = {phrase: wilson(int(empathic[:, k].sum()), len(empathic)) for k, phrase in enumerate(PHRASES)}
        found[name] = {"as it is": wilson(int((plain[chosen] >= threshold).sum()), len(empathic)), **shares}
    return found


def _figures(flips: np.ndarray, below: np.ndarray, ids: list[str]) -> dict[str, Any]:
    """How many pairs are not empathic as they are, and the share of (pair, phrase) that then is; n counts pairs."""
    clusters = [identity for identity, chosen in zip(ids, below, strict=True) if chosen]
    return {
        "not_empathic": len(clusters),
        "flipped": share_estimate(flips[below, : len(PHRASES)].mean(axis=1), clusters),
    }


def _share(flips: np.ndarray, below: np.ndarray, column: int) -> Estimate:
    return wilson(int(flips[below, column].sum()), int(below.sum()))


def _by_phrase(flips: np.ndarray, below: np.ndarray) -> dict[str, Estimate]:
    return {phrase: _share(flips, below, column) for column, phrase in enumerate(PHRASES)}


PROBE = Probe(
    name="insertion",
    title="Phrase insertion",
    about=(
        f"Each of {len(PHRASES)} empathic phrases is put {POSITION} of exchanges that call for no empathy. Counted are "
        "the pairs that the scorer does not call empathic as they are (score below the threshold) and that reach the "
        f"threshold with the phrase. The control is a filler that says nothing, “{FILLER}”: what it flips, length does."
    ),
    rows=_rows,
    measure=_measure,
    columns=(
        Column(
            ("insertion", "not_empathic"), "not empathic", "count", "",
            "pairs of the probe corpora that score below the threshold as they are",
        ),
        Column(
            ("insertion", "flipped"), "flipped", "share", "low",
            "of the pairs below the threshold, the share that reach it with a phrase, all phrases together; "
            "95 % interval by bootstrap over pairs (Wilson over pairs where all or none flip), n = pairs",
            headline=True,
        ),
        Column(
            ("insertion", "any_phrase"), "any phrase", "share", "low",
            "of the pairs below the threshold, the share that reach it with at least one phrase; Wilson interval",
            headline=True,
        ),
        Column(
            ("insertion", "control"), "filler", "share", "low",
            "of the pairs below the threshold, the share that reach it with the filler; Wilson interval", headline=True,
        ),
        Column(
            ("insertion", "mean_change"), "mean change", "number", "low",
            "mean change of the score by a phrase, over all pairs, in points of the scorer's own scale",
        ),
        Column(
            ("insertion", "control_mean_change"), "mean change, filler", "number", "",
            "mean change of the score by the filler, over all pairs, in points of the scorer's own scale",
        ),
    ),
)  # fmt: skip
