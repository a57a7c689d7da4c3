"""What all variants have in common."""

from collections.abc import Iterator
from random import Random

import pytest

from pipelines.labels.augmentation.pool import Pool, Row
from pipelines.labels.augmentation.targets import TargetSettings
from pipelines.labels.augmentation.variant import Variant
from pipelines.labels.augmentation.variants import VARIANTS

TEACHES = {
    "true_pair": "quality",
    "swap_different_emotion": "belonging",
    "swap_same_emotion": "belonging",
    "phrase_in_unrelated": "belonging",
    "polarity_contradiction": "belonging",
    "phrase_in_neutral": "occasion",
    "empathic_sentence_removed": "quality",
    "generic_reply": "quality",
}


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> Variant:
    return VARIANTS[request.param]


def made(variant: Variant, rows: list[Row], seed: int = 3) -> Iterator[Row]:
    return variant.rows(rows, Pool(rows), Random(seed), TargetSettings())


def test_registered_by_its_own_name_and_described(variant: Variant) -> None:
    assert VARIANTS[variant.name] is variant
    assert variant.what and variant.target.words


def test_at_most_one_row_a_pair_named_after_it_in_the_same_dialogue(variant: Variant, rows: list[Row]) -> None:
    by_id = {row["example_id"]: row for row in rows}
    new = list(made(variant, rows))
    assert new, "these rows have something for every variant"
    sources = [row["example_id"].removesuffix(f"+{variant.name}") for row in new]
    assert sources == [one for one in by_id if one in set(sources)], "each once and in order"
    for row, source in zip(new, sources, strict=True):
        assert row["conv_id"] == by_id[source]["conv_id"]
        assert (row["turn"], row["split"]) == (by_id[source]["turn"], "train")
        assert row["label_source"] == f"augmentation:{variant.name}"
        assert row.keys() == by_id[source].keys() | {"teaches"}
        assert row["teaches"] == TEACHES[variant.name]
        assert 1 <= row["empathy"] <= 5


def test_only_neutral_contexts_lose_the_emotion(variant: Variant, rows: list[Row]) -> None:
    by_id = {row["example_id"]: row for row in rows}
    for row in made(variant, rows):
        source = by_id[row["example_id"].split("+")[0]]
        if variant.name == "phrase_in_neutral":
            assert row["emotion"] is None
            assert row["dialogue_context"] != source["dialogue_context"]
        else:
            assert row["emotion"] == source["emotion"]
            assert row["dialogue_context"] == source["dialogue_context"]
            assert (row["response"] == source["response"]) == (variant.name == "true_pair")


def test_the_given_rows_stay_as_they_are_and_chance_is_the_seed_s(variant: Variant, rows: list[Row]) -> None:
    before = [dict(row) for row in rows]
    assert list(made(variant, rows)) == list(made(variant, rows))
    assert rows == before
    if variant.name not in ("true_pair", "polarity_contradiction", "empathic_sentence_removed"):
        assert list(made(variant, rows)) != list(made(variant, rows, seed=4))
