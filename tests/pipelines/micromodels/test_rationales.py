"""Predicted rationales as spans and as token masks."""

import numpy as np
import pytest

from modeling.encoder import load_tokenizer
from pipelines.micromodels.rationales import predict_rationales, token_mask
from tests.pipelines.micromodels.invented import responses, seeds


@pytest.mark.parametrize(
    ("theta", "spans"),
    [
        (0.7, [[(0, 7), (8, 12)], [], [(0, 5)]]),
        (0.97, [[(0, 7)], [], [(0, 5)]]),  # cosines 1, cos 15 = .966 and cos 10 = .985
        (0.99, [[(0, 7)], [], []]),
        (1.1, [[], [], []]),
    ],
)
def test_sentences_near_a_seed_are_rationales(theta: float, spans: list[list[tuple[int, int]]]) -> None:
    assert predict_rationales(responses(), seeds(), theta) == spans


def test_a_cosine_of_theta_is_enough() -> None:
    found = responses()
    theta = float((found.vectors @ seeds().vectors.T).max(axis=1)[1])
    assert predict_rationales(found, seeds(), theta)[0] == [(0, 7), (8, 12)]
    assert predict_rationales(found, seeds(), np.nextafter(theta, 2))[0] == [(0, 7)]


def test_tokens_in_the_spans(tiny_bert: str) -> None:
    text = "Oh well. I am so sorry. Tell me more."
    encoded = load_tokenizer(tiny_bert)(text, return_offsets_mapping=True)
    mask = token_mask([(9, 23)], encoded["offset_mapping"])
    assert len(mask) == len(encoded["input_ids"])
    inside = [text[a:b] for (a, b), one in zip(encoded["offset_mapping"], mask, strict=True) if one]
    assert "".join(inside) == "Iamsosorry."
    assert (mask[0], mask[-1]) == (0, 0)
    assert token_mask([], encoded["offset_mapping"]) == [0] * len(mask)
    assert token_mask([(2, 4), (8, 9)], [(0, 0), (0, 2), (1, 3), (4, 8), (5, 20)]) == [0, 0, 1, 0, 1]
