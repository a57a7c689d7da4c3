"""The emotion of every utterance."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.conversations import emotion_tagger
from pipelines.conversations.emotion_tagger import read_utterances, tag_emotions
from pipelines.data.goemotions import GOEMOTIONS_LABELS
from pipelines.errors import UserError
from pipelines.labels import text_rater
from pipelines.labels.functions.emotions import RECIPE
from pipelines.labels.text_rater import TextRater
from tests.pipelines.conversations.emotion_labels import write_emotion_labels
from tests.pipelines.labels.invented import quick


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

    def rate(rater: TextRater, rows: list[list[int]], pad: int) -> np.ndarray:
        assert rater.head.out.out_features == len(GOEMOTIONS_LABELS)
        logits = np.full((len(rows), 28), -5.0)
        for row, ids in enumerate(rows):
            logits[row, len(ids) % 28] = -1.0  # unlikely, but the likeliest
        return logits

    def words(tokenizer: object, texts: list[str], second: None, length: int) -> list[list[int]]:
        assert length == RECIPE.length
        return [[0] * len(text.split()) for text in texts]

    labels = write_emotion_labels(tmp_path, tiny_bert)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emotion_tagger, "tokenize", words)
        patch.setattr(emotion_tagger, "rate", rate)
        tagged = tag_emotions(labels, tiny_corpus)
    expected = [GOEMOTIONS_LABELS[len(text.split()) % 28] for text in tagged["text"]]
    assert tagged["emotion"].tolist() == expected
    assert len(set(expected)) > 3
    pd.testing.assert_frame_equal(tagged.drop(columns="emotion"), read_utterances(tiny_corpus))


def test_nothing_is_trained_and_tags_are_found_again(tiny_corpus: str, tiny_bert: str, tmp_path: Path) -> None:
    labels = write_emotion_labels(tmp_path, tiny_bert)
    (folder,) = (tmp_path / "cache").iterdir()
    with quick(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_rater, "train_rater", lambda *_: pytest.fail("the rater was there"))
        first = tag_emotions(labels, tiny_corpus)
        assert set(first["emotion"]) <= set(GOEMOTIONS_LABELS)
        assert sorted(file.name.split("-")[0] for file in folder.iterdir()) == [
            "model.safetensors", "rater.json", "tags",
        ]  # fmt: skip
        # Other dialogues have tags of their own.
        assert len(tag_emotions(labels, str(tmp_path / "corpus"))) > len(first)
        assert len(list(folder.glob("tags-*"))) == 2
        patch.setattr(emotion_tagger, "rate", lambda *_: pytest.fail("the tags were there"))
        pd.testing.assert_frame_equal(tag_emotions(labels, tiny_corpus), first)


def test_without_the_rater(tiny_corpus: str, tiny_bert: str, tmp_path: Path) -> None:
    labels = write_emotion_labels(tmp_path, tiny_bert)
    (folder,) = (tmp_path / "cache").iterdir()
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match="expected the emotions rater of .*, it is gone; label again"):
        tag_emotions(labels, tiny_corpus)
    with pytest.raises(UserError, match="expected a labels folder with its card"):
        tag_emotions(tmp_path, tiny_corpus)
