"""Relevance to the own context."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.labels.functions import relevance
from pipelines.labels.functions.relevance import CANDIDATES, RELEVANCE, rank_among
from tests.pipelines.labels.invented import label_settings, quick


def unit(count: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 12)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("count", [1, 40, CANDIDATES, 250])
def test_ranks_by_brute_force(count: int) -> None:
    contexts, responses = unit(count, 1), unit(count, 2)
    order = np.random.default_rng(3).permutation(count)
    cosine, rank = rank_among(contexts, responses, order)
    for place, turn in enumerate(order):
        start = place - place % CANDIDATES
        pool = order[start : start + CANDIDATES]
        if len(pool) < CANDIDATES:
            pool = order[-CANDIDATES:]
        assert len(pool) == min(count, CANDIDATES)
        own = float(contexts[turn] @ responses[turn])
        gaps = [float(contexts[turn] @ responses[other]) - own for other in pool if other != turn]
        better = sum(1.0 if gap > 1e-6 else 0.5 * (gap >= -1e-6) for gap in gaps)
        assert cosine[turn] == pytest.approx(own, abs=1e-6)
        assert rank[turn] == 1 + better


def test_a_response_that_others_give_too_is_not_first() -> None:
    responses = np.tile(unit(1, 0), (5, 1))
    cosine, rank = rank_among(unit(5, 1), responses, np.arange(5))
    assert rank.tolist() == [3.0] * 5  # the middle of five
    assert cosine == pytest.approx(unit(5, 1) @ responses[0], abs=1e-6)


def test_candidates_are_of_the_own_split_and_in_an_order_that_ids_alone_decide(
    tmp_path: Path, tiny_bert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, list[int]]] = []

    def ranks(contexts: np.ndarray, responses: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen.append((len(contexts), order.tolist()))
        return np.zeros(len(order)), np.arange(1, len(order) + 1, dtype=float)

    monkeypatch.setattr(relevance, "rank_among", ranks)
    turns = pd.DataFrame(
        {
            "example_id": ["a/2", "a/4", "b/2", "c/2"],
            "split": ["train", "train", "train", "valid"],
            "context": ["my cat died"] * 4,
            "response": ["oh", "why ?", "oh well", "oh no"],
        }
    )
    with quick():
        frame = RELEVANCE.compute(turns, label_settings(tmp_path, tiny_bert), tmp_path)
    assert [count for count, _ in seen] == [3, 1]
    assert sorted(seen[0][1]) == [0, 1, 2]
    assert frame["rank"].tolist() == pytest.approx([0, np.log(2), np.log(3), 0])


def test_a_response_in_the_words_of_its_context_comes_first(tmp_path: Path, tiny_bert: str) -> None:
    texts = ["my cat died last week .", "they towed my van !", "i have an exam tomorrow", "nobody came to my party"]
    turns = pd.DataFrame(
        {
            "example_id": [f"{place}/2" for place in range(4)],
            "split": "train",
            "context": texts,
            "response": [*texts[:3], "they towed my van !"],
        }
    )
    with quick():
        frame = RELEVANCE.compute(turns, label_settings(tmp_path, tiny_bert), tmp_path)
    assert frame["cosine"][:3].tolist() == pytest.approx([1, 1, 1], abs=0.01)
    assert frame["rank"][0] == frame["rank"][2] == 0
    assert frame["rank"][1] == pytest.approx(np.log(1.5))  # its response is there twice
    assert frame["rank"][3] > 0
