"""How far scores agree with people's ratings, before and after length and the rater are taken out.

All bootstrap resamples of a figure are computed at once from how often each item was drawn, so that a table of forty
signals takes seconds. Items are drawn with replacement; what the raters of the items would have said of other items
is in the intervals, what other raters would have said is not. A figure that is undefined (the correlation of a
constant) is None, and so is a resample of it, which then does not count.
"""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

RESAMPLES = 1000
LEVEL = 0.95
SEED = 17
SMALLEST_SHEET = 5  # items that a rater's sheet needs for a correlation of its own
SCORE_RANGE = (1.0, 5.0)
_NO_SPREAD = 1e-12  # share of the squared scale below which a variance is rounding error


class Estimate(NamedTuple):
    """A figure and its 95 % percentile bootstrap interval over items."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """Agreement of one column of scores with people, n items; a figure is None where it is undefined.

    spearman, pearson: with the ratings.  qwk, mae: after the score was brought to the rating's scale, in points of it;
    mae_whole: of the same rounded to a whole rating, as people's are;
    `fitted` says that this was a leave-one-out line fitted to the ratings, else it is a fixed linear map.
    spearman_given_length: partial rank correlation given the words of the listener (of their logarithm: the same).
    spearman_of_length: of the words alone with the ratings.  spearman_with_length: of the scores with the words.
    spearman_within_rater: mean over raters' sheets of at least 5 items, weighted by their items.
    spearman_within_rater_pooled: ranks within a sheet as shares of it, less their mean, pooled over all sheets.
    """

    n: int
    fitted: bool
    spearman: Estimate | None
    pearson: Estimate | None
    qwk: Estimate | None
    mae: Estimate | None
    mae_whole: Estimate | None
    spearman_given_length: Estimate | None
    spearman_of_length: Estimate | None
    spearman_with_length: Estimate | None
    spearman_within_rater: Estimate | None
    spearman_within_rater_pooled: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: each figure as {"value", "low", "high"} or None."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: one._asdict() if isinstance(one, Estimate) else one for name, one in values.items()}


class RatedScale(NamedTuple):
    """The lowest and the highest rating that a rater could give; whole numbers, every one between them possible."""

    lowest: int
    highest: int


class HumanAgreement:
    """The ratings of one set of items, ready to be compared with any number of score columns.

    Args:
        ratings: (n,), whole numbers of `scale`.
        raters: (n,), whose sheet an item was rated on.
        words: (n,), length of what was rated.
        scale: of the ratings.
        resamples: bootstrap resamples.

    Raises:
        ValueError: the arrays are empty, not of one length, not finite, or a rating is off the scale.
    """

    def __init__(
        self,
        ratings: np.ndarray,
        raters: np.ndarray,
        words: np.ndarray,
        scale: RatedScale,
        resamples: int = RESAMPLES,
    ) -> None:
        ratings, words = np.asarray(ratings, dtype=np.float64), np.asarray(words, dtype=np.float64)
        raters = np.asarray(raters)
        n = len(ratings)
        if n == 0 or ratings.shape != (n,) or raters.shape != (n,) or words.shape != (n,):
            raise ValueError(
                f"expected ratings, raters and words of one shape (n,), n at least 1; got {ratings.shape}, "
                f"{raters.shape} and {words.shape}"
            )
        if not (np.isfinite(ratings).all() and np.isfinite(words).all()):
            raise ValueError("expected finite ratings and words; some are NaN or infinite")
        if (ratings != np.round(ratings)).any() or ratings.min() < scale.lowest or ratings.max() > scale.highest:
            raise ValueError(f"expected whole ratings from {scale.lowest} to {scale.highest}; some are not")
        self.scale, self.n, self.resamples = scale, n, resamples
        # Items lie sorted by sheet, so that a sum over a sheet is one reduceat.
        self._order = np.argsort(raters, kind="stable")
        self._ratings, self._words = ratings[self._order], words[self._order]
        _, self._sheet, sizes = np.unique(raters[self._order], return_inverse=True, return_counts=True)
        self._starts = np.cumsum(sizes) - sizes
        self._counts = _draws(n, resamples)
        self._drawn_sheet = self._by_sheet(self._counts)
        self._rating_ranks, self._word_ranks = self._ranks(self._ratings), self._ranks(self._words)
        self._rating_ranks_within = self._ranks_within(self._ratings)
        self._of_words = self._correlation(self._word_ranks, self._rating_ranks)

    def of(self, scores: np.ndarray, score_range: tuple[float, float] | None = SCORE_RANGE) -> Agreement:
        """Agreement of `scores (n,)`.

        Args:
            scores: finite.
            score_range: what the ends of the rating's scale are in units of the score, so that a score of 1 to 5 is
                mapped linearly to ratings of 1 to 3; None for a signal in other units, to which a line is fitted.
        """
        scores = np.asarray(scores, dtype=np.float64)
        if scores.shape != (self.n,) or not np.isfinite(scores).all():
            raise ValueError(f"expected {self.n} finite scores, one an item; got shape {scores.shape}, or some NaN")
        scores = scores[self._order]
        ranks = self._ranks(scores)
        with_ratings = self._correlation(ranks, self._rating_ranks)
        with_words = self._correlation(ranks, self._word_ranks)
        within = self._ranks_within(scores)
        if score_range is None:
            mapped = left_out_line(scores, self._ratings)
        else:
            mapped = to_scale(scores, score_range, self.scale)
        return Agreement(
            n=self.n,
            fitted=score_range is None,
            spearman=_estimate(with_ratings),
            pearson=_estimate(self._correlation(_standard(scores), _standard(self._ratings))),
            qwk=None if mapped is None else _estimate(self._qwk(mapped)),
            mae=None if mapped is None else _estimate(self._counts @ np.abs(mapped - self._ratings) / self.n),
            mae_whole=None
            if mapped is None
            else _estimate(self._counts @ np.abs(np.floor(mapped + 0.5) - self._ratings) / self.n),
            spearman_given_length=_estimate(_partial(with_ratings, with_words, self._of_words)),
            spearman_of_length=_estimate(self._of_words),
            spearman_with_length=_estimate(with_words),
            spearman_within_rater=_estimate(self._sheet_mean(within)),
            spearman_within_rater_pooled=_estimate(self._correlation(within, self._rating_ranks_within)),
        )

    def _ranks(self, values: np.ndarray) -> np.ndarray:
        """Mean ranks of `values (n,)` in each resample, less their mean: (resamples + 1, n)."""
        code, below, tied = self._below(values)
        return (below + (tied - self.n) / 2)[:, code]

    def _ranks_within(self, values: np.ndarray) -> np.ndarray:
        """The same within each sheet, as shares of the sheet's items (0 where none was drawn): (resamples + 1, n)."""
        code, below, tied = self._below(values, self._sheet)
        earlier = np.cumsum(self._drawn_sheet, axis=1) - self._drawn_sheet
        drawn = self._drawn_sheet[:, self._sheet]
        return ((below + tied / 2)[:, code] - earlier[:, self._sheet] - drawn / 2) / np.maximum(drawn, 1)

    def _below(self, values: np.ndarray, sheet: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Each item's group of ties (n,), and by group how many drawn items lie below it and in it."""
        code = np.unique(values, return_inverse=True)[1]
        if sheet is not None:
            code = np.unique(sheet * (int(code.max()) + 1) + code, return_inverse=True)[1]
        order = np.argsort(code, kind="stable")
        firsts = np.searchsorted(code[order], np.arange(int(code.max()) + 1))
        tied = np.add.reduceat(self._counts[:, order], firsts, axis=1)
        return code, np.cumsum(tied, axis=1) - tied, tied

    def _by_sheet(self, values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, self._starts, axis=1)

    def _correlation(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Pearson's r of a and b, (n,) or (resamples + 1, n), in each resample: (resamples + 1,), NaN if undefined."""
        weighted_a, weighted_b = self._counts * a, self._counts * b
        mean_a, mean_b = weighted_a.sum(axis=1) / self.n, weighted_b.sum(axis=1) / self.n
        pairs = ((weighted_a, b), (weighted_a, a), (weighted_b, b))
        # einsum stores no product of this size, which takes a third off the time.
        ab, aa, bb = (np.einsum("...n,...n", one, two) / self.n for one, two in pairs)
        return _ratio(ab - mean_a * mean_b, aa - mean_a**2, bb - mean_b**2, a, b)

    def _sheet_mean(self, within: np.ndarray) -> np.ndarray:
        """Mean over sheets of Spearman's rho, weighted by their items: (resamples + 1,)."""
        a, b = within, self._rating_ranks_within
        products, squares_a, squares_b = (
            self._by_sheet(self._counts * one * two) for one, two in ((a, b), (a, a), (b, b))
        )
        each = _ratio(products, squares_a, squares_b, a, b)
        weights = np.where(np.isfinite(each) & (self._drawn_sheet >= SMALLEST_SHEET), self._drawn_sheet, 0.0)
        total = weights.sum(axis=1)
        summed = (weights * np.nan_to_num(each)).sum(axis=1)
        return np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0)

    def _qwk(self, mapped: np.ndarray) -> np.ndarray:
        """Quadratically weighted kappa of mapped (n,), rounded, with the ratings, in each resample."""
        lowest, classes = self.scale.lowest, self.scale.highest - self.scale.lowest + 1
        levels = np.clip(np.floor(mapped + 0.5), lowest, self.scale.highest).astype(int) - lowest
        cells = levels * classes + self._ratings.astype(int) - lowest
        counts = (self._counts @ np.eye(classes * classes)[cells]).reshape(-1, classes, classes)
        squares = np.square(np.arange(classes)[:, None] - np.arange(classes)[None, :])
        by_chance = np.einsum("ri,rj,ij->r", counts.sum(axis=2), counts.sum(axis=1), squares) / self.n
        observed = (counts * squares).sum(axis=(1, 2))
        return 1 - np.divide(observed, by_chance, out=np.full(len(observed), np.nan), where=by_chance > 0)


def agreement(
    scores: np.ndarray,
    ratings: np.ndarray,
    raters: np.ndarray,
    words: np.ndarray,
    scale: RatedScale,
    score_range: tuple[float, float] | None = SCORE_RANGE,
) -> Agreement:
    """Agreement of one column of `scores (n,)`; for several columns of the same items keep a `HumanAgreement`."""
    return HumanAgreement(ratings, raters, words, scale).of(scores, score_range)


def to_scale(scores: np.ndarray, score_range: tuple[float, float], scale: RatedScale) -> np.ndarray:
    """`scores (n,)` mapped linearly so that the ends of `score_range` become the ends of `scale`; not cut off."""
    low, high = score_range
    return scale.lowest + (scores - low) * (scale.highest - scale.lowest) / (high - low)


def left_out_line(scores: np.ndarray, ratings: np.ndarray) -> np.ndarray | None:
    """What a least-squares line through all other items says of each item's rating: (n,); None for constant scores.

    Closed form: an item's residual over one minus its leverage (Allen 1974).
    """
    n = len(scores)
    centered = _standard(scores)
    spread = float(centered @ centered)
    if n < 3 or spread <= _NO_SPREAD * n:
        return None
    fitted = ratings.mean() + centered * float(centered @ ratings) / spread
    leverage = 1 / n + centered**2 / spread
    if (1 - leverage < 1e-9).any():  # without that item the others are constant
        return None
    return np.asarray(ratings - (ratings - fitted) / (1 - leverage))


def _draws(n: int, resamples: int) -> np.ndarray:
    """How often each of n items is drawn in each resample, the items themselves first: (resamples + 1, n)."""
    drawn = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=resamples)
    return np.concatenate([np.ones((1, n)), drawn]).astype(np.float64)


def _standard(values: np.ndarray) -> np.ndarray:
    """`values` less their mean, over their largest distance from it: differences of large numbers lose digits."""
    centered = values - values.mean()
    largest = float(np.abs(centered).max())
    return centered / largest if largest > _NO_SPREAD * max(1.0, float(np.abs(values).max())) else centered * 0


def _ratio(
    covariance: np.ndarray, variance_a: np.ndarray, variance_b: np.ndarray, a: np.ndarray, b: np.ndarray
) -> np.ndarray:
    scale = max(float(np.square(a).max() * np.square(b).max()), 1e-300)
    product = variance_a * variance_b
    root = np.sqrt(np.maximum(product, 0))
    found = np.divide(covariance, root, out=np.full(root.shape, np.nan), where=product > _NO_SPREAD * scale)
    return np.asarray(np.clip(found, -1, 1))


def _partial(xy: np.ndarray, xz: np.ndarray, yz: np.ndarray) -> np.ndarray:
    """Partial correlation of x and y given z from the three correlations; NaN where z leaves nothing of one of them."""
    left = (1 - xz**2) * (1 - yz**2)
    found = np.full(left.shape, np.nan)
    np.divide(xy - xz * yz, np.sqrt(np.maximum(left, 0)), out=found, where=left > 1e-9)
    return np.asarray(np.clip(found, -1, 1))


def _estimate(values: np.ndarray) -> Estimate | None:
    """The first of `values` with the interval of the others; None where it is undefined, or nearly all others are."""
    drawn = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or len(drawn) < 2:
        return None
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values[0]), float(low), float(high))
