"""Why a response got its level: the features' importance, the seeds behind them, and one response's own account."""

import numpy as np
import pandas as pd

from peers.micromodels import Model
from peers.micromodels.configuration import LEVELS
from pipelines.micromodels.embedded import EmbeddedResponses, EmbeddedSeeds
from pipelines.micromodels.features import feature_seeds, response_features, seed_features, similarities


def importance_table(model: Model) -> pd.DataFrame:
    """Columns feature and importance, the largest first: the mean size, over training rows and levels, of what a
    feature adds to the log-odds of a level.

    Raises ValueError where the model is not fitted.
    """
    table = pd.DataFrame({"importance": model.importances(), "feature": model.features})[["feature", "importance"]]
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def seed_table(seeds: EmbeddedSeeds) -> pd.DataFrame:
    """What each feature looks at, columns feature, seeds (how many) and central_seed (the text nearest to their mean).

    It holds text of the corpus.
    """
    rows = []
    for feature in seed_features(seeds):
        places = np.flatnonzero(feature_seeds(feature, seeds))
        vectors = seeds.vectors[places]
        central = places[(vectors @ vectors.mean(axis=0)).argmax()]
        text = seeds.utterances.texts[central]
        rows.append({"feature": feature.name, "seeds": len(places), "central_seed": text})
    return pd.DataFrame(rows)


def explain_response(model: Model, responses: EmbeddedResponses, seeds: EmbeddedSeeds, place: int) -> pd.DataFrame:
    """What made the level of the response at `place`, one that the model was not fitted on.

    A row a feature: feature, value, sentence and seed (the pair with the largest cosine, texts of the corpus; None in a
    response without a sentence), and none, weak, strong: what the feature adds to the log-odds of each level. Those
    that move the predicted level most come first.

    Raises ValueError where the model is not fitted, or was fitted on the features of other seeds.
    """
    features = response_features(responses, seeds, model.config.theta, leave_own_out=False).iloc[[place]]
    added = model.contributions(features)[0]
    level = int(model.predict(features)[0])
    sentences = np.flatnonzero(responses.response == place)
    found = similarities(responses, seeds, leave_own_out=False)[sentences]
    rows = []
    for feature, of_levels in zip(seed_features(seeds), added, strict=True):
        pair: tuple[str | None, str | None] = (None, None)
        if len(sentences):
            own = np.where(feature_seeds(feature, seeds), found, -np.inf)
            sentence, seed = np.unravel_index(own.argmax(), own.shape)
            pair = responses.sentence(sentences[sentence]), seeds.utterances.texts[seed]
        value = float(features[feature.name].iloc[0])
        shown = {"feature": feature.name, "value": value, "sentence": pair[0], "seed": pair[1]}
        rows.append(shown | dict(zip(LEVELS, of_levels.tolist(), strict=True)))
    return pd.DataFrame(rows).sort_values(LEVELS[level], key=abs, ascending=False, ignore_index=True)
