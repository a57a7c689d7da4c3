"""Exchanges that call for no empathy, with and without a phrase."""

from itertools import islice
from random import Random

from pipelines.labels.augmentation.neutral_exchanges import EXCHANGES, SLOTS, invent_exchange
from pipelines.labels.augmentation.phrase_in_neutral import generate
from pipelines.labels.augmentation.pool import Pool, Row

COMMENTS = ("The bus is number four.", "It was on the news today.", "He plays the bass there.")


def test_each_exchange_once_without_and_once_with_a_phrase(rows: list[Row]) -> None:
    made = list(generate(rows, Pool(rows), Random(1)))
    assert len(made) == len(rows)
    for plain, with_phrase in zip(made[::2], made[1::2], strict=True):
        assert plain["example_id"] != with_phrase["example_id"]
        assert plain["dialogue_context"] == with_phrase["dialogue_context"]
        assert plain["situation"] == with_phrase["situation"] == plain["dialogue_context"][0]["text"]
        assert len(with_phrase["response"]) > len(plain["response"]) + 5
        left = with_phrase["response"]
        for sentence in plain["response"].split(". "):
            assert sentence.rstrip(".") in left


def test_roles_take_turns_from_the_speaker_to_the_speaker(rows: list[Row]) -> None:
    lengths = set()
    for made in generate(rows * 10, Pool(rows), Random(2)):
        roles = [turn["role"] for turn in made["dialogue_context"]]
        assert roles == ["speaker", "listener", "speaker"][: len(roles)]
        lengths.add(len(roles))
    assert lengths == {1, 3}


def test_half_of_the_exchanges_are_comments_where_there_are_some(rows: list[Row]) -> None:
    pool = Pool(rows, COMMENTS)
    made = list(islice(generate(rows, pool, Random(3)), 16))
    from_comments = [row["dialogue_context"][0]["text"] in COMMENTS for row in made]
    assert from_comments == [True, True, False, False] * 4
    for row in made[::4]:
        assert {row["response"], row["dialogue_context"][0]["text"]} < set(COMMENTS)
        assert row["response"] != row["dialogue_context"][0]["text"]


def test_one_comment_is_no_exchange(rows: list[Row]) -> None:
    made = list(generate(rows, Pool(rows, COMMENTS[:1]), Random(3)))
    assert COMMENTS[0] not in {row["response"] for row in made}


def test_hundreds_of_distinct_exchanges_with_every_slot_filled() -> None:
    rng = Random(5)
    exchanges = [invent_exchange(rng) for _ in range(2000)]
    assert len({tuple(turns) for turns in exchanges}) > 1200
    assert len({tuple(turns).__str__().lower() for turns in exchanges}) > 900
    for turns in exchanges:
        assert len(turns) in (2, 4)
        assert not any("{" in text or not text for text in turns)
    assert {len(turns) for turns in EXCHANGES} == {2, 4}
    assert len(EXCHANGES) >= 60
    used = "".join(text for turns in EXCHANGES for text in turns)
    assert all(f"{{{slot}}}" in used for slot in SLOTS), "no slot is idle"
