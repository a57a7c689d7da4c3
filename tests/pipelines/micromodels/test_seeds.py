"""Seed utterances from training rationales, and ever fewer of them."""

import math

import pandas as pd
import pytest

from pipelines.errors import UserError
from pipelines.micromodels.seeds import SeedUtterances, fewer, find_seeds


def rows(*entries: tuple[int, list[str]]) -> pd.DataFrame:
    """Rows of (level, rationales), their responses named r0, r1, ..."""
    columns = ["rp_id", "level", "rationales"]
    return pd.DataFrame([(f"r{place}", *entry) for place, entry in enumerate(entries)], columns=columns)


def test_distinct_rationales_by_level_with_the_responses_they_are_from() -> None:
    found = find_seeds(
        rows(
            (1, ["so  sad", "sorry"]),
            (2, ["so sad"]),
            (0, ["left out"]),
            (1, ["so sad", "so sad", " ... "]),
            (2, []),
        )
    )
    assert found == SeedUtterances(("so sad", "sorry", "so sad"), (1, 1, 2), (("r0", "r3"), ("r0",), ("r1",)))


def test_the_order_of_the_rows_makes_no_difference() -> None:
    training = rows((1, ["b", "a"]), (2, ["d"]), (2, ["c", "a"]))
    turned = find_seeds(training.iloc[::-1])
    assert turned == find_seeds(training)
    assert fewer(turned, 0.5, 17) == fewer(find_seeds(training), 0.5, 17)


def test_a_level_without_a_rationale_is_refused() -> None:
    with pytest.raises(UserError, match=r"rationales of the levels 1, 2, came none of level 2; give more rows"):
        find_seeds(rows((1, ["sorry"]), (2, ["!"])))
    with pytest.raises(UserError, match="came none of level 1, 2"):
        find_seeds(rows((0, [])))


def many() -> SeedUtterances:
    return find_seeds(rows((1, [f"weak {number}" for number in range(40)]), (2, ["one", "two", "three"])))


def test_fewer_are_nested_shares_of_each_level_one_at_least() -> None:
    seeds, larger = many(), set(zip(many().levels, many().texts, strict=True))
    for share in (0.9, 0.5, 0.26, 0.1, 0.001):
        found = fewer(seeds, share, 17)
        assert found.levels.count(1) == math.ceil(share * 40)
        assert found.levels.count(2) == math.ceil(share * 3)
        chosen = set(zip(found.levels, found.texts, strict=True))
        assert chosen < larger or share > 0.9
        assert len(chosen) == len(found) == len(found.sources)
        larger = chosen
    assert fewer(seeds, 1.0, 17) == seeds
    assert fewer(seeds, 0.5, 17) == fewer(seeds, 0.5, 17) != fewer(seeds, 0.5, 39)


@pytest.mark.parametrize("share", [0.0, -0.5, 1.01, float("nan")])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=r"share: expected a number above 0, to 1, got"):
        fewer(many(), share, 17)


def test_at_most_so_many_of_a_level() -> None:
    training = rows((1, [f"weak {number}" for number in range(40)]), (2, ["one", "two", "three"]))
    found = find_seeds(training, max_seeds=10, seed=39)
    assert (found.levels.count(1), found.levels.count(2)) == (10, 3)
    same = fewer(many(), 0.25, 39)  # of the same order
    assert [text for text in found.texts if text.startswith("weak")] == [
        text for text in same.texts if text.startswith("weak")
    ]
