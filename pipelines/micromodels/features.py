"""Features of responses: what each micromodel, a group of seed utterances, finds in their sentences."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from peers.micromodels.configuration import LEVELS
from pipelines.micromodels.embedded import EmbeddedResponses, EmbeddedSeeds
from pipelines.micromodels.seeds import SEED_LEVELS


class Feature(NamedTuple):
    """A feature of a response: the largest cosine of a sentence with a level's group of seed utterances, or, where the
    group is None, how many sentences reach theta with any of the level's.
    """

    level: int
    group: int | None

    @property
    def name(self) -> str:
        """For example "weak_similarity_3" or "strong_sentences"."""
        level = LEVELS[self.level]
        return f"{level}_sentences" if self.group is None else f"{level}_similarity_{self.group}"


def seed_features(seeds: EmbeddedSeeds) -> list[Feature]:
    """The features that seed utterances give, in the order of the columns."""
    found = sorted(set(zip(seeds.utterances.levels, seeds.groups.tolist(), strict=True)))
    largest = [Feature(level, group) for level, group in found]
    return [*largest, *(Feature(level, None) for level in SEED_LEVELS)]


def feature_seeds(feature: Feature, seeds: EmbeddedSeeds) -> np.ndarray:
    """Which seed utterances a feature looks at: (seeds,), bool."""
    of_level = np.array(seeds.utterances.levels) == feature.level
    return of_level if feature.group is None else of_level & (seeds.groups == feature.group)


def similarities(responses: EmbeddedResponses, seeds: EmbeddedSeeds, leave_own_out: bool) -> np.ndarray:
    """Cosine of every sentence with every seed utterance: (sentences, seeds).

    leave_own_out: True gives -inf for a seed utterance that was marked in the sentence's own response and nowhere else.
    Training rows need it: each would find its own rationale among the seed utterances at a cosine of 1, as no unseen
    row does.
    """
    found = responses.vectors @ seeds.vectors.T
    if leave_own_out:
        ids = np.array(responses.ids)[responses.response]
        for place, sources in enumerate(seeds.utterances.sources):
            if len(sources) == 1:
                found[ids == sources[0], place] = -np.inf
    return found


def response_features(
    responses: EmbeddedResponses, seeds: EmbeddedSeeds, theta: float, leave_own_out: bool
) -> pd.DataFrame:
    """The features (responses, features), their columns named; 0 where a response has no sentence or a group no seed.

    theta: cosine that a sentence must reach to be counted. leave_own_out: True for training rows, see `similarities`.
    """
    found = similarities(responses, seeds, leave_own_out)
    columns = {}
    for feature in seed_features(seeds):
        nearest = found[:, feature_seeds(feature, seeds)].max(axis=1, initial=-np.inf)
        if feature.group is None:
            columns[feature.name] = np.bincount(responses.response[nearest >= theta], minlength=len(responses))
        else:
            largest = np.full(len(responses), -np.inf)
            np.maximum.at(largest, responses.response, nearest)
            columns[feature.name] = np.where(np.isfinite(largest), largest, 0.0)
    return pd.DataFrame(columns).astype(float)
