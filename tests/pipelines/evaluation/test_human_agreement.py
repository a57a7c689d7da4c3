"""Agreement with people, checked against scipy, scikit-learn and statsmodels."""

import time

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from pipelines.evaluation import human_agreement
from pipelines.evaluation.human_agreement import (
    SMALLEST_SHEET,
    Agreement,
    Estimate,
    HumanAgreement,
    RatedScale,
    agreement,
    left_out_line,
    to_scale,
)

FIVE = RatedScale(1, 5)
THREE = RatedScale(1, 3)
FIGURES = ("spearman", "pearson", "qwk", "mae", "spearman_given_length", "spearman_of_length", "spearman_with_length")
WITHIN = ("spearman_within_rater", "spearman_within_rater_pooled")


def invented(n: int = 120, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scores with ties and beyond the scale, ratings 1 to 5, sheets of very different sizes, words."""
    rng = np.random.default_rng(seed)
    words = rng.integers(3, 30, n)
    sheets = rng.choice(["a", "b", "c", "tiny"], n, p=[0.5, 0.3, 0.17, 0.03])
    true = rng.normal(3, 1, n) + 0.05 * (words - 15)
    ratings = np.clip(np.round(true + 0.6 * rng.normal(size=n) + (sheets == "b")), 1, 5)
    return np.round(true, 1) + 0.2, ratings, sheets, words


def expected(scores: np.ndarray, ratings: np.ndarray, sheets: np.ndarray, words: np.ndarray) -> dict[str, float]:
    """Every figure of `agreement` on the scale of the ratings, by other people's code and by loops."""
    ranks, rating_ranks = stats.rankdata(scores), stats.rankdata(ratings)
    length = sm.add_constant(stats.rankdata(np.log(words)))
    residuals = [sm.OLS(one, length).fit().resid for one in (ranks, rating_ranks)]
    rounded = np.clip(np.floor(scores + 0.5), 1, 5).astype(int)
    each, weights, shares = [], [], []
    for sheet in np.unique(sheets):
        of_sheet = sheets == sheet
        m = of_sheet.sum()
        shares.append([(stats.rankdata(one[of_sheet]) - (m + 1) / 2) / m for one in (scores, ratings)])
        spread = min(np.ptp(scores[of_sheet]), np.ptp(ratings[of_sheet]))
        if m >= SMALLEST_SHEET and spread > 0:
            each.append(stats.spearmanr(scores[of_sheet], ratings[of_sheet]).statistic)
            weights.append(m)
    pooled = np.concatenate(shares, axis=1)
    return {
        "spearman": stats.spearmanr(scores, ratings).statistic,
        "pearson": stats.pearsonr(scores, ratings).statistic,
        "qwk": cohen_kappa_score(rounded, ratings.astype(int), weights="quadratic", labels=[1, 2, 3, 4, 5]),
        "mae": np.abs(scores - ratings).mean(),
        "spearman_given_length": stats.pearsonr(*residuals).statistic,
        "spearman_of_length": stats.spearmanr(words, ratings).statistic,
        "spearman_with_length": stats.spearmanr(scores, words).statistic,
        "spearman_within_rater": np.average(each, weights=weights),
        "spearman_within_rater_pooled": stats.pearsonr(*pooled).statistic,
    }


def value(found: Agreement, name: str) -> float:
    estimate = getattr(found, name)
    assert isinstance(estimate, Estimate)
    return estimate.value


@pytest.mark.parametrize("seed", [1, 2])
def test_every_figure_is_what_other_tools_say(seed: int) -> None:
    data = invented(seed=seed)
    found = agreement(*data, FIVE)
    assert found.n == 120
    assert not found.fitted
    other = expected(*data)
    assert {name: value(found, name) for name in FIGURES + WITHIN} == pytest.approx(other, abs=1e-9)


def test_the_order_of_the_items_does_not_matter() -> None:
    scores, ratings, sheets, words = invented()
    other = np.random.default_rng(5).permutation(len(scores))
    mixed = agreement(scores[other], ratings[other], sheets[other], words[other], FIVE)
    straight = agreement(scores, ratings, sheets, words, FIVE)
    for name in FIGURES + WITHIN:
        assert value(mixed, name) == pytest.approx(value(straight, name), abs=1e-12)


def test_every_resample_is_what_other_tools_say_of_the_drawn_items(monkeypatch: pytest.MonkeyPatch) -> None:
    data = invented()
    drawn = np.random.default_rng(9).integers(120, size=(2, 120))
    counts = np.stack([np.ones(120), *(np.bincount(one, minlength=120) for one in drawn)])
    # The engine sorts the items by sheet, so draw by that order.
    order = np.argsort(data[2], kind="stable")
    monkeypatch.setattr(human_agreement, "_draws", lambda n, resamples: counts[:, order])
    found = HumanAgreement(data[1], data[2], data[3], FIVE).of(data[0])
    first, second = (expected(*(column[one] for column in data)) for one in drawn)
    for name in FIGURES + WITHIN:
        estimate = getattr(found, name)
        low, high = sorted((first[name], second[name]))
        # The 2.5th and 97.5th percentile of two values.
        assert estimate.low == pytest.approx(low + 0.025 * (high - low), abs=1e-9)
        assert estimate.high == pytest.approx(low + 0.975 * (high - low), abs=1e-9)


def test_intervals_are_those_of_scipy_within_chance() -> None:
    scores, ratings, sheets, words = invented(300)
    found = agreement(scores, ratings, sheets, words, FIVE)
    other = stats.bootstrap(
        (scores, ratings),
        lambda a, b: stats.spearmanr(a, b).statistic,
        paired=True,
        vectorized=False,
        n_resamples=1000,
        method="percentile",
        rng=3,
    ).confidence_interval
    assert found.spearman is not None
    assert found.spearman[1:] == pytest.approx((other.low, other.high), abs=0.012)


def test_equal_input_gives_equal_intervals() -> None:
    assert agreement(*invented(), FIVE) == agreement(*invented(), FIVE)


def test_a_score_of_one_to_five_meets_ratings_of_one_to_three_by_a_line() -> None:
    assert to_scale(np.array([1.0, 2.0, 3.0, 5.0]), (1, 5), THREE).tolist() == [1, 1.5, 2, 3]
    rng = np.random.default_rng(2)
    ratings = rng.integers(1, 4, 60).astype(float)
    scores = np.clip(2 * ratings - 1 + rng.normal(0, 1, 60), 1, 5)
    found = agreement(scores, ratings, np.repeat(list("abc"), 20), rng.integers(3, 30, 60), THREE)
    mapped = 1 + (scores - 1) / 2
    rounded = np.clip(np.floor(mapped + 0.5), 1, 3).astype(int)
    assert value(found, "mae") == pytest.approx(np.abs(mapped - ratings).mean())
    assert value(found, "qwk") == pytest.approx(
        cohen_kappa_score(rounded, ratings.astype(int), weights="quadratic", labels=[1, 2, 3])
    )


def test_a_signal_in_other_units_is_mapped_by_a_line_through_all_other_items() -> None:
    scores, ratings, sheets, words = invented(40)
    signal = 100 - 7 * scores
    left_out = [np.polyval(np.polyfit(np.delete(signal, k), np.delete(ratings, k), 1), signal[k]) for k in range(40)]
    line = left_out_line(signal, ratings)
    assert line is not None
    assert line.tolist() == pytest.approx(left_out)
    found = agreement(signal, ratings, sheets, words, FIVE, None)
    assert found.fitted
    assert value(found, "mae") == pytest.approx(np.abs(left_out - ratings).mean())
    assert value(found, "spearman") == pytest.approx(
        -value(agreement(scores, ratings, sheets, words, FIVE), "spearman")
    )


def test_what_a_constant_leaves_undefined_is_none_and_no_warning() -> None:
    _, ratings, sheets, words = invented()
    found = agreement(np.full(120, 3.3), ratings, sheets, words, FIVE)
    assert [getattr(found, name) for name in ("spearman", "pearson", "spearman_given_length", *WITHIN)] == [None] * 5
    assert value(found, "mae") == pytest.approx(np.abs(ratings - 3.3).mean())
    assert value(found, "qwk") == 0
    nothing = agreement(np.full(120, 0.1) * 3, ratings, sheets, words, FIVE, None)
    assert nothing.mae is None
    assert nothing.pearson is None
    alike = agreement(ratings + 0.0, np.full(120, 4.0), sheets, words, FIVE)
    assert alike.spearman is None
    assert alike.spearman_of_length is None
    assert left_out_line(np.array([1.0, 1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0, 4.0])) is None


def test_length_itself_has_nothing_left_after_length() -> None:
    _, ratings, sheets, words = invented()
    found = agreement(words * 1.0, ratings, sheets, words, FIVE, None)
    assert found.spearman == found.spearman_of_length
    assert found.spearman_given_length is None
    assert value(found, "spearman_with_length") == pytest.approx(1)


def test_sheets_that_are_too_small_count_in_the_pooled_figure_only() -> None:
    rng = np.random.default_rng(0)
    ratings = rng.integers(1, 6, 80).astype(float)
    found = agreement(
        ratings + rng.normal(0, 1, 80), ratings, np.repeat(np.arange(20), 4), rng.integers(3, 30, 80), FIVE
    )
    assert found.spearman_within_rater is None
    assert value(found, "spearman_within_rater_pooled") > 0.4


def test_a_raters_level_does_not_matter_within_the_sheet() -> None:
    rng = np.random.default_rng(0)
    sheets = np.repeat(np.arange(10), 20)
    quality = rng.normal(size=200)
    ratings = np.clip(np.round(3 + 0.5 * quality + np.where(sheets < 5, 1.5, -1.5)), 1, 5)
    found = agreement(quality, ratings, sheets, rng.integers(3, 30, 200), FIVE, None)
    assert value(found, "spearman_within_rater") > value(found, "spearman") + 0.2


def test_to_dict_is_what_json_takes() -> None:
    record = agreement(*invented(), FIVE).to_dict()
    assert record["n"] == 120
    assert set(record["spearman"]) == {"value", "low", "high"}
    assert set(record) == {"n", "fitted", "mae_whole", *FIGURES, *WITHIN}


def test_mae_of_whole_ratings_by_hand() -> None:
    scores, ratings = np.array([1.2, 2.5, 3.4, 4.6]), np.array([1, 2, 4, 5])
    found = agreement(scores, ratings, np.zeros(4), np.arange(4) + 5, FIVE)
    assert found.mae is not None
    assert found.mae_whole is not None
    assert found.mae.value == pytest.approx((0.2 + 0.5 + 0.6 + 0.4) / 4)
    assert found.mae_whole.value == pytest.approx((0 + 1 + 1 + 0) / 4), "2.5 is rounded up"


def test_ten_columns_of_a_thousand_items_take_seconds() -> None:
    rng = np.random.default_rng(0)
    engine = HumanAgreement(rng.integers(1, 6, 1000), rng.integers(0, 200, 1000), rng.integers(3, 30, 1000), FIVE)
    started = time.process_time()
    for _ in range(10):
        engine.of(rng.normal(size=1000))
    assert time.process_time() - started < 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ratings": np.array([])}, r"expected ratings, raters and words of one shape \(n,\), n at least 1"),
        ({"words": np.ones(3)}, r"got \(4,\), \(4,\) and \(3,\)"),
        ({"words": np.array([1, 2, np.nan, 4])}, "expected finite ratings and words"),
        ({"ratings": np.array([1, 2, 3, 6])}, "expected whole ratings from 1 to 5"),
        ({"ratings": np.array([1, 2, 3, 2.5])}, "expected whole ratings from 1 to 5"),
        ({"scores": np.array([1, 2, 3, np.nan])}, "expected 4 finite scores"),
        ({"scores": np.ones(3)}, r"expected 4 finite scores, one an item; got shape \(3,\)"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, np.ndarray], message: str) -> None:
    good = {
        "scores": np.ones(4),
        "ratings": np.array([1, 2, 3, 4]),
        "raters": np.array(list("aabb")),
        "words": np.ones(4),
    }
    with pytest.raises(ValueError, match=message):
        agreement(**good | change, scale=FIVE)
