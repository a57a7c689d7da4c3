"""When to abstain: an empty reply or context, a language other than English, texts far from what was trained on."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

EMPTY_CONTEXT = "the context is empty"
EMPTY_RESPONSE = "the reply is empty"
NOT_ENGLISH = "the text does not seem to be English"
FAR = "the text is far from the dialogues that the model was trained on"
ENGLISH = ("en", "pcm", "sco")  # with Nigerian Pidgin and Scots, which short English texts are taken for
CERTAIN = 0.5  # probability of a language
# A text with many of these is English, and is not looked at further: that takes as long as all heads of the network.
ENGLISH_WORDS = """
i the and you that this with have what your my they would could about when it's i'm don't how be not but it are she just
did get there his if for to was
"""
MANY = 0.2  # share of a text's words
SHARE_LEFT_OUT = 0.005  # of training pairs, by their distance
DIRECTIONS = 64  # that the training pairs vary in most


@dataclass(frozen=True)
class Domain:
    """Where the training pairs lie: a normal distribution with `DIRECTIONS` variances of its own and one for the rest
    (probabilistic PCA, Tipping and Bishop 1999).

    mean: (width,); directions: (k, width), orthonormal; variances: (k,), along them; noise: variance in each other
    direction; farthest: Mahalanobis distance that `SHARE_LEFT_OUT` of the training pairs pass.
    """

    mean: torch.Tensor
    directions: torch.Tensor
    variances: torch.Tensor
    noise: float
    farthest: float

    def distances(self, vectors: torch.Tensor) -> torch.Tensor:
        """Mahalanobis distances (batch,) of vectors (batch, width)."""
        centred = vectors - self.mean
        along = (centred @ self.directions.T).square()
        rest = (centred.square().sum(dim=-1) - along.sum(dim=-1)).clamp(min=0)
        return ((along / self.variances).sum(dim=-1) + rest / self.noise).sqrt()

    def reasons(self, context: str, response: str, distance: float) -> tuple[str, ...]:
        """Why not to use the score of a pair; empty where there is no reason."""
        if not response.strip():
            return (EMPTY_RESPONSE,)
        if not context.strip():
            return (EMPTY_CONTEXT,)
        found = []
        if other_language(f"{context} {response}"):
            found.append(NOT_ENGLISH)
        if distance > self.farthest:
            found.append(FAR)
        return tuple(found)


def fit_domain(vectors: np.ndarray) -> Domain:
    """The domain of vectors (pairs, width) of training pairs."""
    from sklearn.decomposition import PCA

    fitted = PCA(min(DIRECTIONS, min(vectors.shape) - 1), svd_solver="full").fit(vectors)
    mean, directions, variances = (
        torch.from_numpy(part).float() for part in (fitted.mean_, fitted.components_, fitted.explained_variance_)
    )
    domain = Domain(mean, directions, variances, float(fitted.noise_variance_), float("inf"))
    distances = domain.distances(torch.from_numpy(vectors).float()).numpy()
    return replace(domain, farthest=float(np.quantile(distances, 1 - SHARE_LEFT_OUT)))


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@lru_cache(maxsize=1)
def _english_words() -> frozenset[str]:
    return frozenset(ENGLISH_WORDS.split())


def other_language(text: str) -> bool:
    """Whether `text` is more likely than not in one language other than English (py3langid)."""
    words = text.lower().split()
    if sum(word in _english_words() for word in words) > MANY * len(words):
        return False
    language, probability = _identifier().classify(text)
    return language not in ENGLISH and probability > CERTAIN
