"""Emotions and their valence."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import logit

from pipelines.data.goemotions import GOEMOTIONS_LABELS
from pipelines.labels.functions import emotions
from pipelines.labels.functions.emotions import EMOTIONS_FUNCTION, NEGATIVE, POSITIVE, SHOWN, valence
from tests.pipelines.labels.invented import label_settings, quick


def row(**probabilities: float) -> list[float]:
    return [probabilities.get(label, 0.0) for label in GOEMOTIONS_LABELS]


def test_groups_are_of_the_labels_and_apart() -> None:
    assert len(set(POSITIVE) | set(NEGATIVE)) == len(POSITIVE) + len(NEGATIVE) == 23
    assert set(POSITIVE) | set(NEGATIVE) | set(SHOWN) <= set(GOEMOTIONS_LABELS)
    # ambiguous in the paper's grouping
    assert set(GOEMOTIONS_LABELS) - set(POSITIVE) - set(NEGATIVE) == {
        "confusion",
        "curiosity",
        "realization",
        "surprise",
        "neutral",
    }


def test_valence_is_the_positive_share_minus_the_negative_one() -> None:
    found = valence(
        np.array(
            [row(joy=0.8), row(anger=0.2, fear=0.2), row(joy=0.3, sadness=0.1, neutral=0.4), row(surprise=1), row()]
        )
    )
    assert found.tolist() == pytest.approx([1.0, -1.0, 0.25, 0.0, 0.0])


def test_loss_by_hand() -> None:
    logits, labels = torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 0.0]])
    expected = (np.log(2) + np.log(1 + np.exp(2))) / 2
    assert float(emotions.multi_label_loss(logits, labels)) == pytest.approx(expected, abs=1e-6)


def test_relations_by_hand(tmp_path: Path, tiny_bert: str, monkeypatch: pytest.MonkeyPatch) -> None:
    probabilities = {
        "won": row(joy=0.9),
        "lost": row(sadness=0.9),
        "mixed": row(joy=0.3, sadness=0.1, neutral=0.4),
        "ok": row(neutral=0.9),
    }
    monkeypatch.setattr(emotions, "load_or_train", lambda *_: None)
    monkeypatch.setattr(emotions, "tokenize", lambda tokenizer, texts, second, length: texts)
    monkeypatch.setattr(
        emotions, "rate", lambda rater, texts, pad: logit(np.clip([probabilities[text] for text in texts], 1e-9, 1))
    )
    turns = pd.DataFrame(
        {
            "last_speaker_turn": ["won", "lost", "lost", "won", "lost"],
            "response": ["mixed", "lost", "won", "lost", "ok"],
        }
    )
    frame = EMOTIONS_FUNCTION.compute(turns, label_settings(tmp_path, tiny_bert), tmp_path)
    assert list(frame) == list(EMOTIONS_FUNCTION.values)
    expected = {
        "context_valence": [1, -1, -1, 1, -1],
        "response_valence": [0.25, -1, 1, -1, 0],
        "both_positive": [0.25, 0, 0, 0, 0],
        "both_negative": [0, 1, 0, 0, 0],
        "positive_to_negative": [0, 0, 1, 0, 0],
        "negative_to_positive": [0, 0, 0, 1, 0],
        "joy": [0.3, 0, 0.9, 0, 0],
        "neutral": [0.4, 0, 0, 0, 0.9],
    }
    for name, values in expected.items():
        assert frame[name].tolist() == pytest.approx(values, abs=1e-6), name


def test_excluded_comments_are_not_learnt_from(tmp_path: Path, tiny_bert: str) -> None:
    settings = label_settings(tmp_path, tiny_bert)
    items, labels = emotions._training_data(settings)
    assert (len(items), labels.shape) == (56, (56, 28))
    assert labels.sum(axis=1).tolist() == [1.0] * 56
    assert labels[30].argmax() == 2
    Path(str(settings.exclude_ids)).write_text(json.dumps({"goemotions": ["g0", "g3"]}))
    assert len(emotions._training_data(settings)[0]) == 54


def test_a_trained_rater_gives_probabilities(tmp_path: Path, tiny_bert: str) -> None:
    with quick():
        turns = pd.DataFrame({"last_speaker_turn": ["my cat died", "won"], "response": ["i am sorry", "i am sorry"]})
        frame = EMOTIONS_FUNCTION.compute(turns, label_settings(tmp_path, tiny_bert), tmp_path / "own")
    assert frame[list(SHOWN)].to_numpy().min() > 0 and frame[list(SHOWN)].to_numpy().max() < 1
    assert frame["response_valence"][0] == pytest.approx(frame["response_valence"][1], abs=0.02)
    assert (tmp_path / "own" / "model.safetensors").is_file()
