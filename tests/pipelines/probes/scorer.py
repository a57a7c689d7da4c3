"""A callable as a scorer, without the command line."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipelines.evaluation.scorers import Scorer


def of(function: Callable[..., Sequence[float]], name: str = "test") -> Scorer:
    """A scorer that calls `function(contexts, responses)`."""

    def score(rows: Sequence[Any]) -> np.ndarray:
        return np.array(function([row["dialogue_context"] for row in rows], [row["response"] for row in rows]))

    return Scorer(name, score)
