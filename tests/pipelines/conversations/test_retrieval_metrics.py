"""P@1,100 and average BLEU."""

from math import exp, log

import numpy as np
import pytest

from pipelines.conversations.retrieval_metrics import Retrieved, average_bleu, draw_candidates, p_at_1_100
from pipelines.errors import UserError

ROWS = 230
DIALOGUES = [f"d{row // 2}" for row in range(ROWS)]
# Rows 0, 10, 20, ... say the same, with or without a capital.
TEXTS = [("So sorry." if row % 20 else "so sorry.") if row % 10 == 0 else f"text {row}" for row in range(ROWS)]


def vectors(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(ROWS, 12))


def test_candidates_are_the_own_response_and_99_of_other_dialogues_and_texts() -> None:
    drawn = draw_candidates(DIALOGUES, TEXTS, seed=17)
    assert drawn.shape == (ROWS, 100)
    assert drawn[:, 0].tolist() == list(range(ROWS))
    for row, others in enumerate(drawn[:, 1:]):
        assert len(set(others)) == 99
        assert DIALOGUES[row] not in {DIALOGUES[other] for other in others}
        assert TEXTS[row].casefold() not in {TEXTS[other].casefold() for other in others}
    # Over all contexts every response is drawn, and no place in the file is preferred.
    assert abs(drawn[:, 1:].mean() - (ROWS - 1) / 2) < 3
    assert set(drawn[:, 1:].ravel()) == set(range(ROWS))


def test_candidates_are_those_of_the_seed() -> None:
    drawn = draw_candidates(DIALOGUES, TEXTS, seed=17)
    assert np.array_equal(drawn, draw_candidates(DIALOGUES, TEXTS, seed=17))
    assert not np.array_equal(drawn, draw_candidates(DIALOGUES, TEXTS, seed=18))


def retrieve(contexts: np.ndarray, responses: np.ndarray) -> Retrieved:
    """By dot product, among the candidates of a seed."""
    candidates = draw_candidates(DIALOGUES, TEXTS, seed=17)
    return p_at_1_100((contexts @ responses.T)[np.arange(ROWS)[:, None], candidates], candidates)


def test_hits_and_rows_against_a_loop() -> None:
    contexts, responses = vectors(1), vectors(2)
    responses += contexts
    found = retrieve(contexts, responses)
    drawn = draw_candidates(DIALOGUES, TEXTS, seed=17)
    scores = [[float(contexts[row] @ responses[other]) for other in drawn[row]] for row in range(ROWS)]
    best = [int(drawn[row, of_one.index(max(of_one))]) for row, of_one in enumerate(scores)]
    assert found.rows.tolist() == best
    assert found.hits.tolist() == [row == own for own, row in enumerate(best)]
    assert 0.1 < found.hits.mean() < 0.95
    assert found.ranks.tolist() == [1 + sum(other > of_one[0] for other in of_one) for of_one in scores]


def test_perfect_random_and_constant_models() -> None:
    perfect = retrieve(np.eye(ROWS), np.eye(ROWS))
    assert perfect.hits.all()
    assert set(perfect.ranks) == {1}
    assert retrieve(vectors(1), vectors(2)).hits.mean() < 0.05
    # Ties are misses, and what is retrieved then is another's response.
    found = retrieve(vectors(1), np.tile(vectors(3)[:1], (ROWS, 1)))
    assert not found.hits.any()
    assert (found.rows != np.arange(ROWS)).all()
    assert set(found.ranks) == {100}


def test_scores_that_differ_in_their_last_digit_alone_are_equal() -> None:
    scores = np.full((2, 100), 0.7)
    scores[0, 0] = np.nextafter(0.7, 1)
    scores[1, 0] = 0.7 + 1e-8
    assert p_at_1_100(scores, np.arange(200).reshape(2, 100)).ranks.tolist() == [100, 1]


def test_a_model_that_diverged_has_no_hit() -> None:
    found = retrieve(vectors(1), np.full((ROWS, 12), np.nan))
    assert not found.hits.any()
    assert set(found.ranks) == {100}


def test_too_few_others() -> None:
    with pytest.raises(UserError, match="P@1,100: expected 99 responses from other dialogues .* came 98; evaluate on"):
        draw_candidates(["d"] * 2 + [f"e{k}" for k in range(98)], [f"text {k}" for k in range(100)], seed=17)


def test_average_bleu_by_hand() -> None:
    retrieved = ["I am so sorry to hear that", "what a nice day"]
    references = ["i am sorry to hear that today", "what a very nice day it was"]
    # 11 words for 14; matching: 10 words, 6 pairs (i am, sorry to, to hear, hear that, what a, nice day),
    # 2 triples of the first text (sorry to hear, to hear that), 1 of four (sorry to hear that).
    precisions = [10 / 11, 6 / 9, 2 / 7, 1 / 5]
    penalty = exp(1 - 14 / 11)
    bleu = [100 * penalty * exp(sum(map(log, precisions[:n])) / n) for n in (1, 2, 3, 4)]
    assert average_bleu(retrieved, references) == pytest.approx(sum(bleu) / 4)


def test_average_bleu_at_its_ends() -> None:
    assert average_bleu(["That is so sad, sorry."], ["That is so sad, sorry."]) == pytest.approx(100.0)
    assert average_bleu(["Great!"], ["Why not"]) == 0.0
    # One word of two matches and no longer n-gram: BLEU-1 alone counts.
    assert average_bleu(["so good"], ["so bad"]) == pytest.approx(50 / 4)
