"""Linear heads for the EPITOME mechanisms on what the network hands its score heads."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import GridSearchCV, GroupKFold, GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipelines.data.mechanisms import LEVELS, MECHANISMS

STRENGTHS = tuple(10.0**power for power in range(-5, 0))  # inverse of the penalty, chosen by cross-validation
FOLDS = 5
TEST_SHARE = 0.2  # of seeker posts, held out to be reported on


@dataclass(frozen=True)
class MechanismHeads:
    """weight: (3 mechanisms x 3 levels, features); bias: (9,); reported: mechanism -> figures on held-out pairs."""

    weight: np.ndarray
    bias: np.ndarray
    reported: Mapping[str, Mapping[str, float]]


def fit_mechanism_heads(features: np.ndarray, pairs: pd.DataFrame, seed: int) -> MechanismHeads:
    """Fit on all pairs; the figures are those of the same fit on four fifths of the seeker posts, on the last fifth.

    features: (pairs, features); pairs: as `read_epitome` gives them.
    """
    features = features.astype(np.float64)  # in single precision the solver can stop early
    groups = pairs["sp_id"].to_numpy()
    splitter = GroupShuffleSplit(n_splits=1, test_size=TEST_SHARE, random_state=seed)
    train, test = next(splitter.split(features, groups=groups))
    weights, biases, reported = [], [], {}
    for mechanism in MECHANISMS:
        levels = pairs[mechanism].to_numpy()
        weight, bias = _fit(features[train], levels[train], groups[train])
        predicted = (features[test] @ weight.T + bias).argmax(axis=1)
        reported[mechanism] = {
            "n": len(test),
            "accuracy": float(accuracy_score(levels[test], predicted)),
            "macro_f1": float(f1_score(levels[test], predicted, average="macro")),
            "majority_accuracy": float(np.bincount(levels[test]).max() / len(test)),
        }
        weight, bias = _fit(features, levels, groups)
        weights.append(weight)
        biases.append(bias)
    return MechanismHeads(np.concatenate(weights), np.concatenate(biases), reported)


def _fit(features: np.ndarray, levels: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """weight (3, features) and bias (3,) on plain features; the fit itself is on standardised ones."""
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        {"logisticregression__C": STRENGTHS},
        scoring="neg_log_loss",
        cv=GroupKFold(FOLDS),
    )
    scaler, model = search.fit(features, levels, groups=groups).best_estimator_.named_steps.values()
    if list(model.classes_) != list(range(LEVELS)):
        raise ValueError(f"mechanism heads: expected pairs of levels 0 to {LEVELS - 1}, got {list(model.classes_)}")
    weight = model.coef_ / scaler.scale_
    return weight, model.intercept_ - weight @ scaler.mean_
