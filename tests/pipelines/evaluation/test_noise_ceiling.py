"""Ceilings, checked against published figures, statsmodels and simulated raters."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from pipelines.data.human_ratings import DialogueRating
from pipelines.evaluation.human_agreement import RatedScale
from pipelines.evaluation.human_sets import HumanSet, RatedItem
from pipelines.evaluation.noise_ceiling import across_sets, noise_ceiling, rated_twice, sheet_share


def human_set(ratings: Sequence[tuple[str, str, float]], name: str = "dialogues") -> HumanSet:
    """(item, rater, rating) without examples: ceilings read none."""
    return HumanSet(
        name, "invented", RatedScale(1, 5), [RatedItem(one, one, rater, given, (), ()) for one, rater, given in ratings]
    )


def test_the_share_of_sheets_is_the_published_one() -> None:
    # Table 2 of Shrout and Fleiss 1979: four judges of six targets; here the targets are what the "sheets" are.
    # The published ICC(1,1) is .17, its F 1.79; the interval from their formulas is [-.13, .72].
    judged = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    found = sheet_share(judged.ravel(), np.repeat(np.arange(6), 4))
    assert found is not None
    assert (found.sheets, found.ratings) == (6, 24)
    assert found.icc.value == pytest.approx(0.1657, abs=1e-4)
    assert (found.icc.low, round(found.icc.high, 2)) == (0.0, 0.72)
    assert found.bound.value == pytest.approx((1 - 0.1657) ** 0.5, abs=1e-4)
    assert found.bound.low < found.bound.value < found.bound.high == 1
    assert found.steadiness is None  # six sheets are too few


@pytest.mark.parametrize("size", [20, None])
def test_the_share_of_sheets_is_that_of_a_mixed_model(size: int | None) -> None:
    rng = np.random.default_rng(4)
    sizes = rng.integers(12, 40, 25) if size is None else np.full(25, size)
    sheets = np.repeat(np.arange(25), sizes)
    ratings = 3 + rng.normal(0, 0.6, 25)[sheets] + rng.normal(0, 1, len(sheets))
    fitted = smf.mixedlm("y ~ 1", pd.DataFrame({"y": ratings, "g": sheets}), groups="g").fit(reml=True)
    between = float(fitted.cov_re.iloc[0, 0])
    found = sheet_share(ratings, sheets)
    assert found is not None
    # REML is the analysis of variance where all sheets are of one size, and near it elsewhere.
    tolerance = 0.02 if size is None else 1e-4
    assert found.icc.value == pytest.approx(between / (between + fitted.scale), abs=tolerance)
    assert found.icc.low < found.icc.value < found.icc.high


def test_the_bound_is_what_a_perfect_score_blind_to_the_rater_reaches() -> None:
    rng = np.random.default_rng(6)
    sheets = np.repeat(np.arange(200), 50)
    quality = rng.normal(0, 1, len(sheets))
    ratings = quality + rng.normal(0, 0.7, 200)[sheets]
    found = sheet_share(ratings, sheets)
    assert found is not None
    assert stats.pearsonr(quality, ratings).statistic == pytest.approx(found.bound.value, abs=0.01)


def test_steadiness_tells_raters_levels_from_chance() -> None:
    rng = np.random.default_rng(8)
    sheets = np.repeat(np.arange(60), 24)
    noise = rng.normal(0, 1, len(sheets))
    apart = sheet_share(noise + rng.normal(0, 0.5, 60)[sheets], sheets)
    alike = sheet_share(noise, sheets)
    assert apart is not None and alike is not None
    assert apart.steadiness is not None and alike.steadiness is not None
    # Spearman-Brown: the reliability of the mean of 24 ratings, from the share itself.
    icc = apart.icc.value
    assert apart.steadiness.value == pytest.approx(24 * icc / (1 + 23 * icc), abs=0.06)
    assert apart.steadiness.low < apart.steadiness.value < apart.steadiness.high
    assert alike.steadiness.value < 0.4
    assert alike.icc.low == 0


def test_what_cannot_be_estimated_is_none() -> None:
    assert sheet_share(np.arange(9.0), np.arange(9) % 3) is None  # under ten ratings
    assert sheet_share(np.arange(20.0), np.zeros(20)) is None  # one sheet
    assert sheet_share(np.arange(20.0), np.arange(20)) is None  # one rating a sheet
    assert sheet_share(np.repeat([1.0, 2.0], 10), np.repeat([0, 1], 10)) is None  # all alike within a sheet
    assert rated_twice(human_set([(str(k), "a", 3.0) for k in range(40)])) is None
    twice_by_one = [(str(k % 20), "a", 3.0) for k in range(40)]
    assert rated_twice(human_set(twice_by_one)) is None
    ceiling = noise_ceiling(human_set([(str(k), "a", 3.0) for k in range(40)]))
    assert ceiling.to_dict() == {"rated_twice": None, "sheets": None}


def test_two_ratings_of_an_item_bound_a_perfect_score_by_the_root() -> None:
    rng = np.random.default_rng(3)
    quality = rng.normal(3, 0.9, 3000)
    first, second = (np.clip(np.round(quality + rng.normal(0, 0.7, 3000)), 1, 5) for _ in range(2))
    given = [(str(k), rater, one[k]) for k in range(3000) for rater, one in (("a", first), ("b", second))]
    given += [("0", "c", 1.0)]  # a third rating is left out
    found = rated_twice(human_set(given))
    assert found is not None
    assert found.n == 3000
    assert found.spearman is not None and found.pearson is not None
    assert found.spearman.value == pytest.approx(stats.spearmanr(first, second).statistic)
    assert found.pearson.value == pytest.approx(stats.pearsonr(first, second).statistic)
    assert found.bound == pytest.approx(stats.pearsonr(quality, first).statistic, abs=0.03)


def test_ratings_across_sets_are_paired_by_dialogue_and_bound_nothing() -> None:
    rng = np.random.default_rng(3)
    judged = rng.integers(1, 4, 40)
    responses = human_set([(f"d{k}", "r", float(judged[k])) for k in range(30)], "responses")
    whole = [DialogueRating(2, f"d{k}", float(min(5, judged[k] + k % 3)), "train", "s") for k in range(5, 40)]
    whole.append(DialogueRating(2, "d5", 1.0, "train", "t"))  # rated twice: the mean
    found = across_sets(responses, whole)
    assert found is not None
    assert (found.n, found.same_question, found.bound) == (25, False, None)
    means = [np.mean([one.rating for one in whole if one.conv_id == f"d{k}"]) for k in range(5, 30)]
    assert found.spearman is not None
    assert found.spearman.value == pytest.approx(stats.spearmanr(means, judged[5:30]).statistic)
    assert across_sets(responses, whole[:9]) is None


def test_to_dict_is_what_json_takes() -> None:
    rng = np.random.default_rng(3)
    given = [(str(k // 2), f"s{k % 12}", float(rng.integers(1, 6))) for k in range(240)]
    record = json.loads(json.dumps(noise_ceiling(human_set(given)).to_dict(), allow_nan=False))
    assert set(record["sheets"]["icc"]) == {"value", "low", "high"}
    assert {"n", "spearman", "bound", "same_question"} <= set(record["rated_twice"])
