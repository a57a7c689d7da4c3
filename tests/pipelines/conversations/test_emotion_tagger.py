"""The emotion of every utterance."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.conversations import emotion_tagger
from pipelines.conversations.emotion_tagger import read_utterances, tag_emotions
from pipelines.data.goemotions import GOEMOTIONS_LABELS
from pipelines.errors import UserError
from pipelines.labels.functions.emotions import RECIPE
from tests.pipelines.labels.invented import label_settings, quick


def test_every_utterance_of_both_sides(tiny_corpus: str) -> None:
    utterances = read_utterances(tiny_corpus)
    assert list(utterances) == ["conv_id", "turn", "split", "role", "text"]
    cat = utterances[utterances["conv_id"] == "hit:1_conv:2"]
    assert cat["role"].tolist() == ["speaker", "listener"] * 2
    assert cat["turn"].tolist() == [1, 2, 3, 4]
    assert cat["text"].iloc[3] == "I am so sorry. You must miss her."
    assert utterances.groupby("split")["conv_id"].nunique().to_dict() == {"train": 6, "valid": 2, "test": 2}


def test_the_emotion_is_the_top_label(tiny_corpus: str, tiny_bert: str, tmp_path: Path) -> None:
    """The classifier's own figures are replaced by ones that name the label by the text's length."""

    def rate(rater: None, rows: list[list[int]], pad: int) -> np.ndarray:
        logits = np.full((len(rows), 28), -5.0)
        for row, ids in enumerate(rows):
            logits[row, len(ids) % 28] = -1.0  # unlikely, but the likeliest
        return logits

    def words(tokenizer: object, texts: list[str], second: None, length: int) -> list[list[int]]:
        assert length == RECIPE.length
        return [[0] * len(text.split()) for text in texts]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emotion_tagger, "load_or_train", lambda *_: None)
        patch.setattr(emotion_tagger, "tokenize", words)
        patch.setattr(emotion_tagger, "rate", rate)
        tagged = tag_emotions(label_settings(tmp_path, tiny_bert, path=tiny_corpus))
    expected = [GOEMOTIONS_LABELS[len(text.split()) % 28] for text in tagged["text"]]
    assert tagged["emotion"].tolist() == expected
    assert len(set(expected)) > 3
    pd.testing.assert_frame_equal(tagged.drop(columns="emotion"), read_utterances(tiny_corpus))


def test_the_rater_and_the_tags_are_found_again(tiny_corpus: str, tiny_bert: str, tmp_path: Path) -> None:
    settings = label_settings(tmp_path, tiny_bert, path=tiny_corpus)
    with quick():
        first = tag_emotions(settings)
        assert set(first["emotion"]) <= set(GOEMOTIONS_LABELS)
        (folder,) = (tmp_path / "cache").iterdir()
        assert sorted(file.name.split("-")[0] for file in folder.iterdir()) == [
            "emotions", "model.safetensors", "rater.json",
        ]  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(emotion_tagger, "load_or_train", lambda *_: pytest.fail("the tags were there"))
            pd.testing.assert_frame_equal(tag_emotions(settings), first)
        # Other dialogues take the same rater, other comments to leave out another one.
        Path(settings.exclude_ids or "").write_text(json.dumps({"goemotions": ["g0"]}), encoding="utf-8")
        tag_emotions(settings)
        assert len(list((tmp_path / "cache").iterdir())) == 2
        tag_emotions(label_settings(tmp_path, tiny_bert))
        assert len(list((tmp_path / "cache").iterdir())) == 2


def test_without_goemotions(tiny_corpus: str, tiny_bert: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="goemotions_path: expected a path"):
        tag_emotions(label_settings(tmp_path, tiny_bert, path=tiny_corpus, goemotions_path=None))
