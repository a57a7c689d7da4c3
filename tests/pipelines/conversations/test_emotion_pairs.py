"""Pairs of emotions."""

import pandas as pd
import pytest

from pipelines.conversations.emotion_pairs import exchanges, pair_table

ROLES = {"s": "speaker", "l": "listener"}


def said(**dialogues: str) -> pd.DataFrame:
    """Utterances of dialogues given as "s:joy l:neutral ..."."""
    rows = [
        (conv_id, turn, ROLES[word[0]], word[2:])
        for conv_id, words in dialogues.items()
        for turn, word in enumerate(words.split(), start=1)
    ]
    return pd.DataFrame(rows, columns=["conv_id", "turn", "role", "emotion"])


def test_an_exchange_is_a_listener_who_answers_a_speaker_of_the_same_dialogue() -> None:
    utterances = said(a="s:joy l:neutral s:joy l:admiration", b="l:anger s:fear", c="s:grief l:sadness l:joy")
    found = exchanges(utterances.iloc[::-1])  # whatever the order of the rows
    assert found.to_dict("records") == [
        {"conv_id": "a", "turn": 2, "speaker_emotion": "joy", "listener_emotion": "neutral"},
        {"conv_id": "a", "turn": 4, "speaker_emotion": "joy", "listener_emotion": "admiration"},
        {"conv_id": "c", "turn": 2, "speaker_emotion": "grief", "listener_emotion": "sadness"},
    ]


def test_counts_shares_and_lift_by_hand() -> None:
    pairs = ["joy joy"] * 4 + ["joy neutral"] * 2 + ["grief neutral"] * 2 + ["grief sadness"] * 2
    found = pd.DataFrame([pair.split() for pair in pairs], columns=["speaker_emotion", "listener_emotion"])
    table = pair_table(found)
    assert table[["speaker_emotion", "listener_emotion", "count"]].to_numpy().tolist() == [
        ["joy", "joy", 4], ["grief", "neutral", 2], ["grief", "sadness", 2], ["joy", "neutral", 2],
    ]  # fmt: skip
    assert table["share"].tolist() == pytest.approx([0.4, 0.2, 0.2, 0.2])
    expected = [0.4 / (0.6 * 0.4), 0.2 / (0.4 * 0.4), 0.2 / (0.4 * 0.2), 0.2 / (0.6 * 0.4)]
    assert table["lift"].tolist() == pytest.approx(expected)


def test_independent_emotions_have_a_lift_of_one() -> None:
    pairs = [(a, b) for a in ("joy", "joy", "fear") for b in ("neutral", "caring", "caring", "caring")]
    table = pair_table(pd.DataFrame(pairs, columns=["speaker_emotion", "listener_emotion"]))
    assert table["lift"].tolist() == pytest.approx([1.0] * 4)
