"""How well the response belongs to its own context: the retrieval view, against 99 other listeners' responses."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.data.prepare import dialogue_hash
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.embeddings import turn_embeddings
from pipelines.labels.functions.labelling_function import LabellingFunction

CANDIDATES = 100


def rank_among(contexts: np.ndarray, responses: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosine of each pair, and the rank of the own response among CANDIDATES, 1 for first.

    contexts, responses: (turns, hidden) of unit length. order: (turns,) a permutation; the candidates of a turn are the
    responses of its block of CANDIDATES turns in that order (the last block is filled up from the one before).
    """
    cosine = np.einsum("ij,ij->i", contexts, responses)
    ranks = np.ones(len(order))
    for start in range(0, len(order), CANDIDATES):
        block = order[start : start + CANDIDATES]
        pool = order[max(0, min(start, len(order) - CANDIDATES)) : start + CANDIDATES]
        scores = contexts[block] @ responses[pool].T
        # Half of a tie counts: identical responses must not both come first.
        above = (scores > cosine[block, None] + 1e-6).sum(axis=1)
        tied = (np.abs(scores - cosine[block, None]) <= 1e-6).sum(axis=1) - 1
        ranks[block] = 1 + above + tied / 2
    return cosine, ranks


def _compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
    contexts, responses = turn_embeddings(turns, settings)
    cosine, rank = np.zeros(len(turns)), np.zeros(len(turns))
    for split in sorted(turns["split"].unique()):
        rows = np.flatnonzero(turns["split"] == split)
        # By a hash: neighbours in the file are turns of one dialogue.
        keys = [dialogue_hash(example_id) for example_id in turns["example_id"].iloc[rows]]
        order = np.argsort(np.array(keys, dtype=np.uint64), kind="stable")
        cosine[rows], rank[rows] = rank_among(contexts[rows], responses[rows], order)
    return pd.DataFrame({"cosine": cosine, "rank": np.log(rank)})


RELEVANCE = LabellingFunction(
    name="relevance",
    version=1,
    source="retrieval as in Rashkin et al. 2019, arXiv:1811.00207; the encoder as it comes, mean pooling",
    values={
        "cosine": "cosine of the response with its whole dialogue context, -1 to 1",
        "rank": f"log of the response's rank among {CANDIDATES} listeners' responses for its context, 0 for first",
    },
    reads=("example_id", "split", "context", "response"),
    compute=_compute,
    uses_encoder=True,
)
