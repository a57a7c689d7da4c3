"""Shares, determinism, and that nothing comes from outside the rows that were given."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import UserError
from pipelines.labels.augmentation.augment import augment, check_variants
from pipelines.labels.augmentation.pool import Row
from pipelines.training.configuration import AugmentationSettings, DataSettings

SHARED = Path("data")
SWAPS = {"swap_different_emotion": 0.5, "swap_same_emotion": 0.25}


def settings(seed: int = 17, **variants: float) -> AugmentationSettings:
    return AugmentationSettings("context", variants or SWAPS, seed)


def test_shares_are_of_the_given_rows(rows: list[Row]) -> None:
    made = augment(rows, settings())
    assert made.made == made.wanted == {"swap_different_emotion": 10, "swap_same_emotion": 5}
    assert len(made.rows) == len({row["example_id"] for row in made.rows}) == 15
    assert made.line() == "augmentation: swap_different_emotion 10, swap_same_emotion 5"


def test_where_no_rule_fires_less_is_made_and_said(rows: list[Row]) -> None:
    made = augment(rows, settings(polarity_contradiction=1.0))
    assert made.wanted == {"polarity_contradiction": 20}
    assert 0 < made.made["polarity_contradiction"] < 20
    assert made.line() == f"augmentation: polarity_contradiction {made.made['polarity_contradiction']} of 20 wanted"


def test_the_same_settings_and_rows_give_the_same(rows: list[Row]) -> None:
    first = augment(rows, settings())
    assert augment(rows, settings()).rows == first.rows
    backwards = AugmentationSettings("other", dict(reversed(SWAPS.items())))
    assert augment(rows, backwards).fingerprint() == first.fingerprint(), "the order in the YAML and the name are idle"
    assert augment(rows, settings(seed=18)).fingerprint() != first.fingerprint()
    assert augment(rows[:-1], settings()).fingerprint() != first.fingerprint()


def test_a_variant_s_rows_do_not_depend_on_the_others(rows: list[Row]) -> None:
    alone = augment(rows, settings(swap_same_emotion=0.25)).rows
    assert augment(rows, settings()).rows[-5:] == alone


def test_another_process_makes_the_same(rows: list[Row]) -> None:
    code = (
        "from tests.pipelines.labels.augmentation.conftest import row\n"
        "from tests.pipelines.labels.augmentation.test_augment import augment, settings\n"
        "rows = [row(number, turn) for number in range(10) for turn in (2, 4)]\n"
        "print(augment(rows, settings(generic_reply=0.5, phrase_in_neutral=1.0)).fingerprint())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "5"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == augment(rows, settings(generic_reply=0.5, phrase_in_neutral=1.0)).fingerprint(), (
        done.stderr
    )


def test_every_response_is_of_a_given_row(rows: list[Row]) -> None:
    train = rows[:12]
    responses = {row["response"] for row in train}
    assert {row["response"] for row in augment(train, settings()).rows} <= responses


@pytest.mark.skipif(not SHARED.is_dir(), reason="data is not here")
def test_on_the_corpus_no_text_of_another_split_is_used() -> None:
    from pipelines.data.prepare import prepare_corpus, stage_examples

    data = DataSettings(
        path=str(SHARED / "empatheticdialogues"),
        labels="human_ratings",
        labels_path=str(SHARED / "human_ratings" / "dialogues_1to5.csv"),
        exclude_ids=str(SHARED / "reserved_ids.json"),
        turns="last",
        test_split="valid",
    )
    corpus = prepare_corpus(data)
    train = list(stage_examples(corpus, "train", True, 1500))
    made = augment(train, settings(swap_different_emotion=1.0, swap_same_emotion=1.0))
    assert made.made == made.wanted
    responses = {row["response"] for row in train}
    assert {row["response"] for row in made.rows} <= responses
    conv_ids = {row["conv_id"] for row in made.rows}
    assert conv_ids <= {row["conv_id"] for row in train}
    assert not conv_ids & {*corpus.examples["valid"]["conv_id"], *corpus.examples["test"]["conv_id"]}


def test_unknown_variants_and_the_true_pairs_are_refused() -> None:
    with pytest.raises(UserError, match=r"variants: expected some of swap_different_emotion, .*, got 'swap'"):
        check_variants(settings(swap=0.5))
    with pytest.raises(UserError, match="variants: true pairs are always kept, leave out true_pair"):
        check_variants(settings(true_pair=0.5))


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5])
def test_a_share_is_above_0_and_up_to_1(share: float) -> None:
    message = rf"data\.augmentation\.variants\.generic_reply: expected a share above 0 and up to 1, got {share}"
    with pytest.raises(UserError, match=message):
        settings(generic_reply=share)


def test_a_name_and_a_variant_are_needed() -> None:
    with pytest.raises(UserError, match=r"data\.augmentation\.name: expected a short name other than none, got 'none'"):
        AugmentationSettings("none", SWAPS)
    with pytest.raises(UserError, match=r"data\.augmentation\.variants: expected at least one variant, got {}"):
        dataclasses.replace(settings(), variants={})
