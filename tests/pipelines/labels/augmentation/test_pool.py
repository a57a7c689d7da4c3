"""Responses of other dialogues: by emotion, by turn, never the row's own."""

from random import Random

from pipelines.labels.augmentation.pool import Pool, Row
from tests.pipelines.labels.augmentation.conftest import row

TRIES = 60


def drawn(pool: Pool, of: Row, same: bool) -> set[str | None]:
    draw = pool.same_emotion if same else pool.different_emotion
    return {draw(of, Random(seed)) for seed in range(TRIES)}


def test_swaps_keep_to_the_emotion_and_the_turn(rows: list[Row]) -> None:
    pool = Pool(rows)
    given = rows[0]
    sad = {one["response"] for one in rows if one["emotion"] == given["emotion"] and one["turn"] == 2}
    assert drawn(pool, given, same=True) == sad - {given["response"], "Oh no."}
    others = {one["response"] for one in rows if one["emotion"] != given["emotion"] and one["turn"] == 2}
    assert drawn(pool, given, same=False) == others


def test_another_turn_where_no_dialogue_has_this_one(rows: list[Row]) -> None:
    given = row(0, turn=6)
    responses = drawn(Pool(rows), given, same=True)
    assert responses == {one["response"] for one in rows[2:8] if len(one["response"].split()) >= 4}


def test_responses_of_under_four_words_are_never_drawn(rows: list[Row]) -> None:
    assert "Oh no." not in drawn(Pool(rows), rows[2], same=True)
    assert "Oh no." not in drawn(Pool(rows), rows[8], same=False)


def test_nothing_from_the_same_dialogue_situation_or_words() -> None:
    given = row(0)
    own_dialogue = row(0, turn=4)
    own_situation = row(1, situation="Our cat died.")
    own_words = row(2, response="i'm so sorry to hear THAT; how old was she")
    fits = row(1, conv_id="c:99", response="Was she with you for long?")
    assert drawn(Pool([given, own_dialogue, own_situation, own_words]), given, same=True) == {None}
    assert drawn(Pool([given, own_dialogue, own_situation, own_words, fits]), given, same=True) == {fits["response"]}


def test_one_that_fits_among_many_is_found() -> None:
    crowd = [row(0, conv_id="c:0", response=f"I said it {number} times to you.") for number in range(500)]
    fits = row(1, response="Was she with you for long?")
    assert drawn(Pool([*crowd, fits]), crowd[0], same=True) == {fits["response"]}


def test_without_another_emotion_there_is_no_other() -> None:
    pool = Pool([row(0), row(1)])
    assert pool.different_emotion(row(0), Random(1)) is None
    assert pool.same_emotion(row(4), Random(1)) is None
