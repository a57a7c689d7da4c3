"""The picture of the pairs."""

import pandas as pd
import pytest

from pipelines.conversations.emotion_pairs import pair_table
from pipelines.conversations.plot import pair_matrix, pair_plot


@pytest.fixture
def table() -> pd.DataFrame:
    pairs = ["sadness remorse"] * 3 + ["sadness neutral"] + ["joy admiration"] * 2
    return pair_table(pd.DataFrame([p.split() for p in pairs], columns=["speaker_emotion", "listener_emotion"]))


def test_shares_of_the_speakers_emotion(table: pd.DataFrame) -> None:
    matrix = pair_matrix(table)
    assert list(matrix.index) == ["joy", "sadness"]
    assert list(matrix.columns) == ["admiration", "remorse", "neutral"]
    assert matrix.to_numpy().tolist() == [[1.0, 0.0, 0.0], [0.0, 0.75, 0.25]]


def test_the_picture_names_both_sides(table: pd.DataFrame) -> None:
    figure = pair_plot(table, "pairs")
    for word in ("joy", "sadness", "admiration", "remorse", "neutral", "listener's emotion", "speaker's emotion"):
        assert f">{word}</text>" in figure.svg, word
    assert "anger" not in figure.svg
    assert 'id="pairs-' in figure.svg
    assert "emotion of the speaker" in figure.alt
    assert figure.svg == pair_plot(table, "pairs").svg
