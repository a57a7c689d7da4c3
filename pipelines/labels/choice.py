"""Which signals the label model combines: chosen by cross-validation on the rated training dialogues alone."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.data.prepare import dialogue_hash
from pipelines.evaluation.human_agreement import Agreement, HumanAgreement, RatedScale
from pipelines.labels.label_model import dialogue_means, fit_label_model
from pipelines.labels.signals import Signals

FOLDS = 5
# The functions that learn from human ratings.
RATERS = ("rated_words", "rated_meaning", "ratings")
SCALE = RatedScale(1, 5)
RESAMPLES = 200  # for the intervals of the candidates
# Sets of labelling functions that are compared; a set without any of the signals at hand is passed over.
CANDIDATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # name -> (functions that it is made of, () for all; functions that it does without)
    "all": ((), ()),
    "without ratings": ((), RATERS),
    "without length": ((), ("length",)),
    "surface": (("length", "cues"), ()),
    "ratings": (RATERS, ()),
    "length": (("length",), ()),
}


@dataclass(frozen=True)
class Candidate:
    """A set of signals and how its label model agreed with ratings that it was not fitted on.

    held_out: (rated training dialogues,) the scores from the folds.
    """

    name: str
    signals: list[str]
    held_out: np.ndarray
    agreement: Agreement

    @property
    def merit(self) -> float:
        """What the choice is made by: Spearman within a rater's sheet, since sheets differ in level."""
        estimate = self.agreement.spearman_within_rater
        return -1.0 if estimate is None else estimate.value


def candidate_signals(names: list[str]) -> dict[str, list[str]]:
    """Signals of each candidate set out of `names`; sets that come out alike or empty are left out."""
    found: dict[str, list[str]] = {}
    for candidate, (made_of, without) in CANDIDATES.items():
        chosen = [
            name
            for name in names
            if (not made_of or name.split(".")[0] in made_of) and name.split(".")[0] not in without
        ]
        if chosen and chosen not in found.values():
            found[candidate] = chosen
    return found


def cross_validate(signals: Signals, rated: pd.DataFrame, words: np.ndarray) -> list[Candidate]:
    """Held-out agreement of every candidate set, best first.

    rated: training dialogues with conv_id, rating, sheet. words: (dialogues,) words of the listener, for the control.
    """
    fold = np.array([dialogue_hash("label model fold " + conv_id) % FOLDS for conv_id in rated["conv_id"]])
    people = HumanAgreement(rated["rating"].to_numpy(), rated["sheet"].to_numpy(), words, SCALE, RESAMPLES)
    turns = signals.frame[signals.frame["conv_id"].isin(set(rated["conv_id"]))].reset_index(drop=True)
    candidates = []
    for name, chosen in candidate_signals(signals.names).items():
        held_out = np.zeros(len(rated))
        for number in np.unique(fold):
            model = fit_label_model(turns, rated[fold != number].reset_index(drop=True), chosen)
            out = rated["conv_id"][fold == number]
            rows = turns[turns["conv_id"].isin(set(out))].reset_index(drop=True)
            held_out[fold == number] = dialogue_means(rows, model.score(rows)["empathy"].to_numpy(), out.tolist())
        candidates.append(Candidate(name, chosen, held_out, people.of(held_out)))
    return sorted(candidates, key=lambda candidate: -candidate.merit)
