"""P@1,100 and average BLEU of a retrieval model (Rashkin et al. 2019, arXiv:1811.00207).

The two use different candidates. P@1,100 looks for the true response among 100 of the test split. BLEU is that of the
response that the model would give, which it takes from the training split, where the true one is not.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sacrebleu.metrics import BLEU

from pipelines.errors import UserError

CANDIDATES = 100
BLEU_ORDERS = (1, 2, 3, 4)


class Retrieved(NamedTuple):
    """What was retrieved for each context.

    hits: (n,) bool, whether it is the context's own response. rows: (n,) its row among the responses. ranks: (n,) the
    place of the own response among the candidates, from 1; of equal ones it is the last.
    """

    hits: np.ndarray
    rows: np.ndarray
    ranks: np.ndarray


def draw_candidates(dialogues: Sequence[str], texts: Sequence[str], seed: int) -> np.ndarray:
    """Rows of the candidates of each context (n, 100): its own first, then 99 others of other dialogues and texts.

    They depend on the seed and the order of the rows alone, so that every system is asked the same.

    Args:
        dialogues: n ids, of the dialogue of each context and its own response.
        texts: n responses. Another of the same text, whatever its capitals, is no candidate.
        seed: of the draw.

    Raises:
        UserError: a context has fewer than 99 others to draw from.
    """
    dialogue = pd.factorize(np.asarray(dialogues, dtype=object))[0]
    text = pd.factorize(np.asarray([text.casefold() for text in texts], dtype=object))[0]
    random = np.random.default_rng(seed)
    drawn = np.empty((len(text), CANDIDATES), dtype=np.int64)
    for row in range(len(text)):
        others = np.flatnonzero((dialogue != dialogue[row]) & (text != text[row]))
        if len(others) < CANDIDATES - 1:
            raise UserError(
                f"P@1,100: expected {CANDIDATES - 1} responses from other dialogues for every context, came "
                f"{len(others)}; evaluate on more dialogues"
            )
        drawn[row, 0] = row
        drawn[row, 1:] = random.choice(others, CANDIDATES - 1, replace=False)
    return drawn


def p_at_1_100(scores: np.ndarray, candidates: np.ndarray) -> Retrieved:
    """What each context retrieves among its candidates; the mean of `hits` is P@1,100.

    The mean of 1 / `ranks` is the mean reciprocal rank.

    A hit is an own response with a strictly larger score than all others, so that a model that gives the same to
    everything has none. Scores are rounded to 9 digits after the point, since equal vectors may have products that
    differ in the last.

    Args:
        scores: (n, 100), how close each candidate is to its context.
        candidates: (n, 100) rows, of `draw_candidates`: the own response first.
    """
    scores = scores.astype(np.float64).round(9)
    others = scores[:, 1:].argmax(axis=1) + 1
    # "Not larger" instead of "smaller or equal": scores of a model that diverged are not numbers, and no hits.
    ranks = 1 + (~(scores[:, :1] > scores[:, 1:])).sum(axis=1)
    place = np.where(ranks == 1, 0, others)
    return Retrieved(place == 0, candidates[np.arange(len(place)), place], ranks)


def average_bleu(retrieved: Sequence[str], references: Sequence[str]) -> float:
    """Mean of BLEU-1, BLEU-2, BLEU-3 and BLEU-4, 0 to 100.

    BLEU-N is that of the corpus (Papineni et al. 2002): the brevity penalty times the geometric mean of the clipped
    precisions of 1- to N-grams, each summed over all pairs, not smoothed (0 where no N-gram matches), without regard to
    capitals, on sacreBLEU's tokens "13a". The paper averages the four and does not give its tokens.

    Args:
        retrieved: n texts.
        references: n texts, the true responses.
    """
    scores = [
        # force: that most texts end in a full stop set apart is no sign that they are tokenised already.
        BLEU(max_ngram_order=order, lowercase=True, smooth_method="none", force=True)
        .corpus_score(list(retrieved), [list(references)])
        .score
        for order in BLEU_ORDERS
    ]
    return float(np.mean(scores))
