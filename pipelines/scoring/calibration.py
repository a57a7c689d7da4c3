"""How wide the interval is around a score, and how sure the emotion is: both fitted on dialogues not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.scoring.results import Interval

BINS = 4  # of the score, each with residuals of its own: people differ more about poor replies than about good ones
COVERAGE = 0.9
LOWEST, HIGHEST = 1.0, 5.0


@dataclass(frozen=True)
class Calibration:
    """Split-conformal intervals by bins of the score (Mondrian: Vovk et al. 2005), and the emotions' temperature.

    edges: scores between the bins, ascending. below, above: one a bin, what to add to a score for its interval's ends.
    coverage: share of people's ratings that lies inside. temperature: what the emotion logits are divided by.
    """

    edges: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]
    coverage: float
    temperature: float

    def interval(self, score: float) -> Interval:
        """Where a person's rating (1 to 5) of a dialogue with this score is expected."""
        place = int(np.searchsorted(self.edges, score, side="right"))
        return Interval(max(LOWEST, score + self.below[place]), min(HIGHEST, score + self.above[place]))


def fit_interval(
    scores: np.ndarray, ratings: np.ndarray, coverage: float = COVERAGE
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """edges, below and above of a `Calibration`, from scores and ratings (n,) of dialogues not trained on.

    Each end is passed by half of the ratings that the interval may miss, with the finite-sample correction.
    """
    edges = np.quantile(scores, np.arange(1, BINS) / BINS)
    place = np.searchsorted(edges, scores, side="right")
    below, above = [], []
    for one in range(BINS):
        residuals = np.sort((ratings - scores)[place == one])
        n = len(residuals)
        rank = int(np.floor((1 - coverage) / 2 * (n + 1)))
        if rank < 1:
            raise ValueError(f"calibration: expected more ratings in each quarter of the scores, got {n}")
        below.append(float(residuals[rank - 1]))
        above.append(float(residuals[n - rank]))
    return tuple(map(float, edges)), tuple(below), tuple(above)


def fit_temperature(logits: np.ndarray, emotions: Sequence[int]) -> float:
    """The temperature (Guo et al. 2017, arXiv:1706.04599) of least cross-entropy. logits: (n, classes); emotions: n."""
    from scipy.optimize import minimize_scalar  # scoring does without: its import takes longer than a score
    from scipy.special import log_softmax

    gold = np.asarray(emotions)

    def cross_entropy(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-scaled[np.arange(len(gold)), gold].mean())

    return float(np.exp(minimize_scalar(cross_entropy, bounds=(-3.0, 3.0), method="bounded").x))
