"""Emotion of the response and of its context (GoEmotions), and how the two relate by valence.

Matching the speaker's emotion is not what people rate as empathic (sympathy for a fear is not fear), so the relation
is that of valences: both negative, both positive, or a positive answer to something negative.
"""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import expit
from torch.nn import functional

from modeling.encoder import load_tokenizer
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.goemotions import GOEMOTIONS_LABELS, read_goemotions
from pipelines.labels.configuration import LabelSettings, needed
from pipelines.labels.functions.labelling_function import LabellingFunction
from pipelines.labels.text_rater import RaterRecipe, TextRater, load_or_train, rate, tokenize

# The sentiment groups of the GoEmotions paper (its figure 2); the others are ambiguous.
POSITIVE = ("admiration", "amusement", "approval", "caring", "desire", "excitement", "gratitude", "joy", "love",
            "optimism", "pride", "relief")  # fmt: skip
NEGATIVE = ("anger", "annoyance", "disappointment", "disapproval", "disgust", "embarrassment", "fear", "grief",
            "nervousness", "remorse", "sadness")  # fmt: skip
# Emotions that listeners show, kept one by one.
SHOWN = ("admiration", "approval", "caring", "curiosity", "joy", "optimism", "remorse", "sadness", "surprise",
         "neutral")  # fmt: skip

RECIPE = RaterRecipe(outputs=len(GOEMOTIONS_LABELS), epochs=1, batch_size=32, length=64)


def multi_label_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy over (batch, 28)."""
    return functional.binary_cross_entropy_with_logits(logits, labels)


def emotion_rater(settings: LabelSettings, folder: Path) -> TextRater:
    """The rater in `folder`, trained on all of GoEmotions but the excluded comments if it is not there yet."""
    return load_or_train(
        folder,
        settings.encoder,
        RECIPE,
        partial(_training_data, settings),
        multi_label_loss,
        settings.seed,
        "emotion rater",
    )


def _training_data(settings: LabelSettings) -> tuple[list[list[list[int]]], np.ndarray]:
    comments = read_goemotions(
        needed(settings.goemotions_path, "goemotions_path", "emotions"),
        read_exclude_ids(settings.exclude_ids, "goemotions"),
    )["train"]
    labels = np.zeros((len(comments), len(GOEMOTIONS_LABELS)), dtype=np.float32)
    for row, of_one in enumerate(comments["labels"]):
        labels[row, of_one] = 1
    ids = tokenize(load_tokenizer(settings.encoder), list(comments["text"]), None, RECIPE.length)
    return [[row] for row in ids], labels


def valence(probabilities: np.ndarray) -> np.ndarray:
    """Positive minus negative probability, (texts, 28) -> (texts,) in [-1, 1]."""
    index = {label: place for place, label in enumerate(GOEMOTIONS_LABELS)}
    share = probabilities / np.maximum(probabilities.sum(axis=1, keepdims=True), 1e-9)
    return share[:, [index[name] for name in POSITIVE]].sum(axis=1) - share[:, [index[name] for name in NEGATIVE]].sum(
        axis=1
    )


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    rater = emotion_rater(settings, folder)
    tokenizer = load_tokenizer(settings.encoder)

    def probabilities(texts: list[str]) -> np.ndarray:
        return expit(rate(rater, tokenize(tokenizer, texts, None, RECIPE.length), tokenizer.pad_token_id))

    response = probabilities(turns["response"].tolist())
    said = valence(probabilities(turns["last_speaker_turn"].tolist()))
    answered = valence(response)
    frame = pd.DataFrame(
        {
            "context_valence": said,
            "response_valence": answered,
            "both_negative": np.clip(-said, 0, 1) * np.clip(-answered, 0, 1),
            "both_positive": np.clip(said, 0, 1) * np.clip(answered, 0, 1),
            "positive_to_negative": np.clip(-said, 0, 1) * np.clip(answered, 0, 1),
            "negative_to_positive": np.clip(said, 0, 1) * np.clip(-answered, 0, 1),
        }
    )
    for name in SHOWN:
        frame[name] = response[:, GOEMOTIONS_LABELS.index(name)]
    return frame


EMOTIONS_FUNCTION = LabellingFunction(
    name="emotions",
    version=1,
    source="Demszky et al. 2020, arXiv:2005.00547: 27 emotions and their sentiment groups",
    values={
        "context_valence": "positive minus negative emotion of the speaker's last turn, -1 to 1",
        "response_valence": "positive minus negative emotion of the response, -1 to 1",
        "both_negative": "product of the negative parts of both valences",
        "both_positive": "product of the positive parts of both valences",
        "positive_to_negative": "positive part of the response's valence times negative part of the context's",
        "negative_to_positive": "negative part of the response's valence times positive part of the context's",
    }
    | {name: f"probability that the response shows {name}" for name in SHOWN},
    reads=("last_speaker_turn", "response"),
    compute=_compute,
    files=lambda settings: [Path(needed(settings.goemotions_path, "goemotions_path", "emotions"))],
    uses_encoder=True,
)
