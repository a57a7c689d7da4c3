"""EPITOME mechanisms of the response given its context, from a rater trained here on the published annotations."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax
from torch.nn import functional

from modeling.encoder import load_tokenizer
from pipelines.data.epitome import read_epitome
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.mechanisms import LEVELS, MECHANISMS
from pipelines.labels.configuration import LabelSettings, needed
from pipelines.labels.functions.labelling_function import LabellingFunction
from pipelines.labels.text_rater import RaterRecipe, TextRater, load_or_train, rate, tokenize

RECIPE = RaterRecipe(outputs=len(MECHANISMS) * LEVELS, epochs=4)


def mechanism_loss(logits: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """Sum over the mechanisms of the cross-entropy of their levels. logits: (batch, 9); levels: (batch, 3)."""
    per_mechanism = logits.view(len(logits), len(MECHANISMS), LEVELS)
    return sum(
        (functional.cross_entropy(per_mechanism[:, index], levels[:, index]) for index in range(len(MECHANISMS))),
        start=logits.new_zeros(()),
    )


def epitome_rater(settings: LabelSettings, folder: Path) -> TextRater:
    """The rater in `folder`, trained on all of EPITOME but the excluded pairs if it is not there yet."""
    return load_or_train(
        folder,
        settings.encoder,
        RECIPE,
        partial(_training_data, settings),
        mechanism_loss,
        settings.seed,
        "epitome rater",
    )


def _training_data(settings: LabelSettings) -> tuple[list[list[list[int]]], np.ndarray]:
    pairs = read_epitome(
        needed(settings.epitome_path, "epitome_path", "epitome"), read_exclude_ids(settings.exclude_ids, "epitome")
    )
    tokenizer = load_tokenizer(settings.encoder)
    ids = tokenize(tokenizer, pairs["seeker_post"].tolist(), pairs["response_post"].tolist(), RECIPE.length)
    return [[row] for row in ids], pairs[list(MECHANISMS)].to_numpy()


def expected_levels(rater: TextRater, encoder: str, contexts: Sequence[str], responses: Sequence[str]) -> np.ndarray:
    """Expected level, 0 to 2, of each mechanism: (pairs, 3)."""
    tokenizer = load_tokenizer(encoder)
    logits = rate(rater, tokenize(tokenizer, contexts, responses, RECIPE.length), tokenizer.pad_token_id)
    probabilities = softmax(logits.reshape(len(logits), len(MECHANISMS), LEVELS), axis=2)
    return probabilities @ np.arange(LEVELS)


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    rater = epitome_rater(settings, folder)
    levels = expected_levels(rater, settings.encoder, turns["context"].tolist(), turns["response"].tolist())
    return pd.DataFrame(levels, columns=list(MECHANISMS))


EPITOME = LabellingFunction(
    name="epitome",
    version=1,
    source="Sharma et al. 2020, arXiv:2009.08441, Reddit part; one encoder over (seeker post, response) here",
    values={
        "er": "expected level of emotional reactions, 0 none to 2 strong",
        "ip": "expected level of interpretations, 0 none to 2 strong",
        "ex": "expected level of explorations, 0 none to 2 strong",
    },
    reads=("context", "response"),
    compute=_compute,
    files=lambda settings: [Path(needed(settings.epitome_path, "epitome_path", "epitome"))],
    uses_encoder=True,
)
