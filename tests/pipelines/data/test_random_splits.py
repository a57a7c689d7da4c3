"""Splits by group."""

from collections import Counter

import pytest

from pipelines.data.random_splits import random_splits

SHARES = (0.75, 0.05, 0.2)


def test_shares_are_met_and_groups_stay_together() -> None:
    groups = [f"post {number}" for number in range(380) for _ in range(1 + (number % 20 == 0))]  # 399 rows
    splits = random_splits(groups, SHARES, seed=17)
    counts = Counter(splits)
    for name, share in zip(("train", "valid", "test"), SHARES, strict=True):
        assert counts[name] == pytest.approx(share * 399, abs=2)
    assert len(set(zip(groups, splits, strict=True))) == 380


def test_shares_are_of_rows_not_of_groups() -> None:
    """Half of the groups would be 25 or 75 of these 100 rows at every seed."""
    groups = ["large"] * 50 + [f"small {number}" for number in range(50)]
    off = []
    for seed in range(20):
        counts = Counter(random_splits(groups, (0.5, 0.0, 0.5), seed))
        assert counts["valid"] == 0
        off.append(abs(counts["train"] - 50))
    assert max(off) <= 25  # the large group lies across the cut, half on either side
    assert sum(off) / len(off) < 18


def test_the_seed_decides_and_the_order_of_the_rows_does_not() -> None:
    groups = [f"post {number}" for number in range(100)]
    first = dict(zip(groups, random_splits(groups, SHARES, 17), strict=True))
    turned = groups[::-1]
    assert dict(zip(turned, random_splits(turned, SHARES, 17), strict=True)) == first
    assert dict(zip(groups, random_splits(groups, SHARES, 39), strict=True)) != first


def test_splits_of_a_seed_stay_what_they_are() -> None:
    splits = random_splits([f"post {number}" for number in range(10)], (0.6, 0.2, 0.2), 17)
    assert "".join(split[1] for split in splits) == "rerrrreraa"  # tRain, vAlid, tEst


@pytest.mark.parametrize(
    ("groups", "shares", "message"),
    [
        (["a", "b"], (0.5, 0.5, 0.5), r"shares: expected three of 0 or more that add up to 1, got \(0.5, 0.5, 0.5\)"),
        (["a", "b"], (1.2, -0.2, 0.0), "shares: expected three of 0 or more"),
        (["a", "a", "b"], SHARES, r"2 groups of 3 rows leave valid empty at the shares \(0.75, 0.05, 0.2\)"),
        ([], SHARES, "0 groups of 0 rows leave train, valid, test empty"),
    ],
)
def test_what_cannot_be_split(groups: list[str], shares: tuple[float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        random_splits(groups, shares, seed=1)
