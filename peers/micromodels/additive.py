"""The prediction of a fitted explainable boosting machine: one table a feature, summed up.

`interpret` can be saved by pickle alone, which runs whatever a file says; its tables are all that a prediction needs.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import softmax

if TYPE_CHECKING:
    from interpret.glassbox import ExplainableBoostingClassifier

PARTS = ("cuts", "scores", "weights")  # of a feature


@dataclass(frozen=True)
class AdditiveModel:
    """log-odds of a level = intercept + the sum over features of the score of the bin that the feature's value is in.

    intercept: (levels,).
    cuts: for each feature (bins - 1,), ascending; a value at a cut is in the bin above it.
    scores: for each feature (bins, levels).
    weights: for each feature (bins,), the training rows in each bin.
    """

    intercept: np.ndarray
    cuts: tuple[np.ndarray, ...]
    scores: tuple[np.ndarray, ...]
    weights: tuple[np.ndarray, ...]

    @classmethod
    def from_interpret(cls, fitted: "ExplainableBoostingClassifier") -> Self:
        """The tables of a classifier of three or more classes, of continuous features without interactions."""
        # The first bin of each feature is that of missing values and the last that of unknown ones: there are neither.
        return cls(
            intercept=np.asarray(fitted.intercept_, dtype=np.float64),
            cuts=tuple(np.asarray(bins[0], dtype=np.float64) for bins in fitted.bins_),
            scores=tuple(np.asarray(scores[1:-1], dtype=np.float64) for scores in fitted.term_scores_),
            weights=tuple(np.asarray(weights[1:-1], dtype=np.float64) for weights in fitted.bin_weights_),
        )

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """What each feature adds to the log-odds of each level (rows, features, levels), of values (rows, features)."""
        columns = zip(self.cuts, self.scores, values.T, strict=True)
        return np.stack(
            [scores[np.searchsorted(cuts, column, side="right")] for cuts, scores, column in columns], axis=1
        )

    def predict_proba(self, values: np.ndarray) -> np.ndarray:
        """Probabilities of the levels (rows, levels), of values (rows, features)."""
        return softmax(self.intercept + self.contributions(values).sum(axis=1), axis=1)

    def importances(self) -> np.ndarray:
        """Mean over training rows and levels of what each feature adds, without its sign: (features,)."""
        tables = zip(self.scores, self.weights, strict=True)
        return np.array([np.average(np.abs(scores).mean(axis=1), weights=weights) for scores, weights in tables])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The tables by name, for a file."""
        arrays = {f"{part}.{place}": table for part in PARTS for place, table in enumerate(getattr(self, part))}
        return {"intercept": self.intercept} | arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray], features: int) -> Self:
        """Undo `to_arrays`. Raises KeyError where the table of one of the features is missing."""
        tables: dict[str, Any] = {part: tuple(arrays[f"{part}.{place}"] for place in range(features)) for part in PARTS}
        return cls(intercept=arrays["intercept"], **tables)
