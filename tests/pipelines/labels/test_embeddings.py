"""Embeddings of the turns, kept in the cache."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modeling.encoder import load_tokenizer
from pipelines.labels import embeddings
from pipelines.labels.embeddings import turn_embeddings
from pipelines.labels.text_rater import embed, tokenize
from tests.pipelines.labels.invented import label_settings, quick

TURNS = pd.DataFrame({"context": ["my cat died", "they towed my van"], "response": ["so sorry", "oh no"]})


@pytest.fixture(autouse=True)
def own_accelerator() -> Iterator[None]:
    with quick():
        yield


def test_contexts_and_responses_as_the_encoder_gives_them(tmp_path: Path, tiny_bert: str) -> None:
    found = turn_embeddings(TURNS, label_settings(tmp_path, tiny_bert))
    tokenizer = load_tokenizer(tiny_bert)
    for column, vectors in zip(("context", "response"), found, strict=True):
        expected = embed(tiny_bert, tokenize(tokenizer, TURNS[column].tolist(), None, 64), tokenizer.pad_token_id)
        assert vectors.dtype == np.float32
        assert vectors == pytest.approx(expected, abs=1e-3)  # kept with half the digits
        assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=2e-3)


def test_they_are_made_once_for_a_text_and_an_encoder(
    tmp_path: Path, tiny_bert: str, tiny_roberta: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def counted(encoder: str, *arguments: Any) -> np.ndarray:
        calls.append(encoder)
        return embed(encoder, *arguments)

    monkeypatch.setattr(embeddings, "embed", counted)
    settings = label_settings(tmp_path, tiny_bert)
    first = turn_embeddings(TURNS, settings)
    again = turn_embeddings(TURNS.assign(selfeval="5|5|5"), replace(settings, seed=99))
    assert len(calls) == 2
    assert (first[0] == again[0]).all() and (first[1] == again[1]).all()
    turn_embeddings(TURNS.assign(response="tea"), settings)
    turn_embeddings(TURNS, replace(settings, encoder=tiny_roberta))
    assert calls == [tiny_bert] * 4 + [tiny_roberta] * 2
