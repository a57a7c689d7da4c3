"""What a score could reach at best against these ratings, as far as the ratings themselves can tell.

With one rating an item nobody can know how far a second rater would agree. What can be known: how two ratings go
together where there are two; how much of the ratings is the rater's sheet, which no score can see that does not know
the rater; and how steady a rater's own level is.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from pipelines.data.human_ratings import DialogueRating
from pipelines.evaluation.human_agreement import LEVEL, RESAMPLES, SEED, Estimate, HumanAgreement
from pipelines.evaluation.human_sets import HumanSet

FEWEST = 10  # ratings, or pairs of them, from which anything is estimated
SPLITS = 200  # random halvings of every sheet


@dataclass(frozen=True)
class PairedRatings:
    """Correlation of two ratings of the same or of related things, n pairs.

    of: what the pairs are.  same_question: whether both raters judged the same thing on the same scale; only then do
    the correlation (the reliability of one rating) and its square root (the highest correlation that a perfect score
    could have with one rating; Spearman 1904) bound anything.
    """

    of: str
    same_question: bool
    n: int
    spearman: Estimate | None
    pearson: Estimate | None

    @property
    def bound(self) -> float | None:
        """Square root of the Pearson correlation: the bound on a score without error; None where there is none."""
        if not self.same_question or self.pearson is None or self.pearson.value <= 0:
            return None
        return float(np.sqrt(self.pearson.value))


@dataclass(frozen=True)
class SheetShare:
    """The part of the variance of ratings that lies between raters' sheets.

    sheets, ratings: how many there are.  icc: variance between sheets over all variance, by one-way analysis of
    variance, with the interval from the F distribution, all cut off at 0 (Shrout and Fleiss 1979, ICC(1,1); with
    sheets of different sizes their average as by Searle 1971, the interval then approximate).  bound: highest Pearson
    correlation of a score that does not know the rater, sqrt(1 - icc), were every rater otherwise perfectly consistent
    and items dealt to sheets at random.  steadiness: correlation over sheets of the mean ratings of two random halves
    of a sheet, stepped up to the whole sheet (Spearman-Brown), with a bootstrap interval over sheets; it speaks of the
    rater's level, not of the items.
    """

    sheets: int
    ratings: int
    icc: Estimate
    bound: Estimate
    steadiness: Estimate | None


@dataclass(frozen=True)
class NoiseCeiling:
    """All that is known of one set's ceiling; None where the data do not say."""

    rated_twice: PairedRatings | None
    sheets: SheetShare | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        twice = self.rated_twice
        return {
            "rated_twice": None if twice is None else paired_to_dict(twice),
            "sheets": None if self.sheets is None else _plain(asdict(self.sheets)),
        }


def noise_ceiling(human: HumanSet) -> NoiseCeiling:
    """What `human` itself says of its ceiling."""
    return NoiseCeiling(rated_twice(human), sheet_share(human.ratings, human.raters))


def rated_twice(human: HumanSet) -> PairedRatings | None:
    """The first two ratings of every item that has two by different raters; None for fewer than 10 such items."""
    by_item: dict[str, dict[str, float]] = {}
    for item in human.items:
        by_item.setdefault(item.item_id, {}).setdefault(item.rater, item.rating)
    pairs = [list(given.values())[:2] for given in by_item.values() if len(given) > 1]
    if len(pairs) < FEWEST:
        return None
    first, second = np.array(pairs).T
    return _paired(f"two people's ratings of one item of the {human.name}", True, first, second, human)


def across_sets(judged: HumanSet, dialogue_ratings: Iterable[DialogueRating]) -> PairedRatings | None:
    """Ratings of `judged` beside other people's of their whole dialogues, on another scale; None for under 10 pairs."""
    of_dialogue: dict[str, list[float]] = {}
    for one in dialogue_ratings:
        of_dialogue.setdefault(one.conv_id, []).append(one.rating)
    both = [item for item in judged.items if item.conv_id in of_dialogue]
    if len(both) < FEWEST:
        return None
    judgements = np.array([item.rating for item in both])
    of_whole = np.array([np.mean(of_dialogue[item.conv_id]) for item in both])
    name = f"a rating of one of the {judged.name} and another person's of its whole dialogue"
    return _paired(name, False, of_whole, judgements, judged)


def _paired(of: str, same: bool, scores: np.ndarray, ratings: np.ndarray, scale_of: HumanSet) -> PairedRatings:
    nobody = np.zeros(len(ratings))
    found = HumanAgreement(ratings, nobody, nobody, scale_of.scale).of(scores, None)
    return PairedRatings(of, same, found.n, found.spearman, found.pearson)


def sheet_share(ratings: np.ndarray, raters: np.ndarray) -> SheetShare | None:
    """The share of sheets in the variance of `ratings (n,)`; None where no sheet, or only one, has two ratings.

    Also None for fewer than 10 ratings, or ratings without any spread within sheets.
    """
    ratings = np.asarray(ratings, dtype=np.float64)
    _, sheet, sizes = np.unique(raters, return_inverse=True, return_counts=True)
    n, k = len(ratings), len(sizes)
    if n < FEWEST or k < 2 or n - k < 2 or (sizes > 1).sum() < 2:
        return None
    means = np.bincount(sheet, ratings) / sizes
    between = float((sizes * (means - ratings.mean()) ** 2).sum()) / (k - 1)
    within = float(((ratings - means[sheet]) ** 2).sum()) / (n - k)
    if within <= 0:
        return None
    size = (n - float((sizes**2).sum()) / n) / (k - 1)
    ratio = between / within
    tails = stats.f.ppf([(1 + LEVEL) / 2, (1 - LEVEL) / 2], k - 1, n - k)
    value, low, high = (max(0.0, float((f - 1) / (f + size - 1))) for f in (ratio, *(ratio / tails)))
    icc = Estimate(value, low, high)
    bound = Estimate(*(float(np.sqrt(1 - one)) for one in (value, high, low)))
    return SheetShare(k, n, icc, bound, _steadiness(ratings, sheet, sizes))


def _steadiness(ratings: np.ndarray, sheet: np.ndarray, sizes: np.ndarray) -> Estimate | None:
    """Split-half reliability of the sheets' means, over sheets of two ratings or more; None for under ten sheets."""
    used = np.flatnonzero(sizes > 1)
    if len(used) < FEWEST:
        return None
    generator = np.random.default_rng(SEED)
    halves = np.empty((SPLITS, 2, len(used)))
    by_sheet = [ratings[sheet == one] for one in used]
    for split in range(SPLITS):
        for place, given in enumerate(by_sheet):
            mixed = generator.permutation(given)
            cut = len(given) // 2
            halves[split, :, place] = mixed[:cut].mean(), mixed[cut:].mean()
    value = _stepped_up(halves, np.arange(len(used))[None, :])[0]
    drawn = _stepped_up(halves[:20], generator.integers(len(used), size=(RESAMPLES, len(used))))
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or len(drawn) < 2:
        return None
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), float(low), float(high))


def _stepped_up(halves: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Mean over `halves (splits, 2, sheets)` of 2r / (1 + r), for each row of `drawn (rows, sheets)`: (rows,)."""
    found = np.zeros(len(drawn))
    for first, second in halves:
        a, b = first[drawn], second[drawn]
        a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
        product = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
        r = np.divide((a * b).sum(axis=1), product, out=np.full(len(a), np.nan), where=product > 0)
        found += 2 * r / (1 + np.maximum(r, -0.99))
    return np.asarray(found / len(halves))


def paired_to_dict(paired: PairedRatings) -> dict[str, Any]:
    """Plain values for JSON, with the bound."""
    return _plain(asdict(paired)) | {"bound": paired.bound}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    # asdict keeps named tuples
    return {name: one._asdict() if isinstance(one, Estimate) else one for name, one in values.items()}
