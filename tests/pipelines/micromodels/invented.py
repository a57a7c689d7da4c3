"""Invented responses and seed utterances whose vectors are chosen, so that every cosine is known."""

import numpy as np

from pipelines.micromodels.embedded import EmbeddedResponses, EmbeddedSeeds
from pipelines.micromodels.seeds import SeedUtterances


def at_angles(degrees: list[float]) -> np.ndarray:
    """Unit vectors in the plane."""
    turned = np.deg2rad(degrees)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def responses() -> EmbeddedResponses:
    """Three responses of two, no and one sentence, at 0, 60 and 100 degrees."""
    return EmbeddedResponses(
        ids=("r0", "r1", "r2"),
        texts=("So sad. Why?", " ", "Go on"),
        spans=((0, 7), (8, 12), (0, 5)),
        response=np.array([0, 0, 2]),
        vectors=at_angles([0, 60, 100]),
    )


def seeds() -> EmbeddedSeeds:
    """Two weak seeds in two groups, at 0 and 90 degrees, and two strong ones in one group, at 30 and 45."""
    utterances = SeedUtterances(
        texts=("So sad.", "Right", "Why so?", "Why?"),
        levels=(1, 1, 2, 2),
        sources=(("r0",), ("r7",), ("r8",), ("r0", "r9")),
    )
    return EmbeddedSeeds(utterances, groups=np.array([0, 1, 0, 0]), vectors=at_angles([0, 90, 30, 45]))


def cosine(degrees: float) -> float:
    return float(np.cos(np.deg2rad(degrees)))
