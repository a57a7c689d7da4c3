"""The response's empathetic intent: eight intents and neutral, from a rater trained here on the published texts."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import softmax
from torch.nn import functional

from modeling.encoder import load_tokenizer
from pipelines.data.empathetic_intents import INTENTS, read_intents
from pipelines.labels.configuration import LabelSettings, needed
from pipelines.labels.functions.labelling_function import LabellingFunction
from pipelines.labels.text_rater import RaterRecipe, TextRater, load_or_train, rate, tokenize

RECIPE = RaterRecipe(outputs=len(INTENTS), epochs=3, batch_size=32, length=64)


def _training_data(settings: LabelSettings) -> tuple[list[list[list[int]]], np.ndarray]:
    texts, classes = read_intents(needed(settings.intents_path, "intents_path", "intents"))
    ids = tokenize(load_tokenizer(settings.encoder), texts, None, RECIPE.length)
    return [[row] for row in ids], classes


def intent_rater(settings: LabelSettings, folder: Path) -> TextRater:
    """The rater in `folder`, trained on the published listeners' texts if it is not there yet."""
    return load_or_train(
        folder,
        settings.encoder,
        RECIPE,
        partial(_training_data, settings),
        functional.cross_entropy,
        settings.seed,
        "intent rater",
    )


def intent_probabilities(rater: TextRater, encoder: str, texts: Sequence[str]) -> np.ndarray:
    """Probability of each of INTENTS: (texts, 9)."""
    tokenizer = load_tokenizer(encoder)
    return softmax(rate(rater, tokenize(tokenizer, texts, None, RECIPE.length), tokenizer.pad_token_id), axis=1)


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    rater = intent_rater(settings, folder)
    found = intent_probabilities(rater, settings.encoder, turns["response"].tolist())
    return pd.DataFrame(found, columns=list(INTENTS))


INTENT_FUNCTION = LabellingFunction(
    name="intents",
    version=1,
    source="Welivita & Pu 2020, arXiv:2012.07439: taxonomy of empathetic response intents",
    values={intent: f"probability that the response's intent is {intent}" for intent in INTENTS},
    reads=("response",),
    compute=_compute,
    files=lambda settings: [Path(needed(settings.intents_path, "intents_path", "intents"))],
    uses_encoder=True,
)
