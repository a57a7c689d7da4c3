"""When to abstain: an empty reply or context, a language other than English, texts far from what was trained on."""

from dataclasses import dataclass
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
SHARE_LEFT_OUT = 0.005  # of training pairs, by their distance


@dataclass(frozen=True)
class Domain:
    """Where the training pairs lie, as a normal distribution of their vectors.

    mean: (width,); precision: (width, width), the inverse covariance; farthest: Mahalanobis distance that
    `SHARE_LEFT_OUT` of the training pairs pass.
    """

    mean: torch.Tensor
    precision: torch.Tensor
    farthest: float

    def distances(self, vectors: torch.Tensor) -> torch.Tensor:
        """Mahalanobis distances (batch,) of vectors (batch, width)."""
        centred = vectors - self.mean
        return torch.einsum("bi,ij,bj->b", centred, self.precision, centred).clamp(min=0).sqrt()

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


def fit_domain(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """mean, precision and farthest of a `Domain` from vectors (pairs, width) of training pairs."""
    from sklearn.covariance import LedoitWolf

    fitted = LedoitWolf().fit(vectors)
    distances = np.sqrt(fitted.mahalanobis(vectors))
    return fitted.location_, fitted.precision_, float(np.quantile(distances, 1 - SHARE_LEFT_OUT))


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def other_language(text: str) -> bool:
    """Whether `text` is more likely than not in one language other than English (py3langid)."""
    language, probability = _identifier().rank(text)[0]
    return language not in ENGLISH and probability > CERTAIN
