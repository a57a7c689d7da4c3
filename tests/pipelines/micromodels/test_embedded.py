"""Vectors of sentences and seed utterances."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from modeling.encoder import load_backbone, load_tokenizer
from peers.micromodels import Config
from pipelines.errors import UserError
from pipelines.micromodels.embedded import EmbeddedSeeds, embed_responses, embed_seeds, embed_texts
from pipelines.micromodels.seeds import SeedUtterances
from tests.pipelines.labels.invented import quick

ROWS = pd.DataFrame(
    {"rp_id": ["a", "b", "c"], "response_post": ["I am so sorry. You must miss her.", " ", "Oh well. I am so sorry."]}
)


@pytest.fixture(autouse=True)
def own_accelerator():
    with quick():
        yield


def test_sentences_in_order_each_text_once(tiny_encoder: str) -> None:
    found = embed_responses(ROWS, tiny_encoder)
    assert len(found) == 3
    assert found.ids == ("a", "b", "c")
    assert found.response.tolist() == [0, 0, 2, 2]
    texts = ["I am so sorry.", "You must miss her.", "Oh well.", "I am so sorry."]
    assert [found.sentence(place) for place in range(4)] == texts
    assert found.vectors.shape == (4, 32)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1.0, atol=1e-3)
    np.testing.assert_array_equal(found.vectors[0], found.vectors[3])


@torch.no_grad()
def test_a_vector_is_the_mean_of_the_encoders_states(tiny_bert: str) -> None:
    tokenizer, backbone = load_tokenizer(tiny_bert), load_backbone(tiny_bert).eval()
    text = "Our cat died last week."
    states = backbone(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(dim=0)
    found = embed_texts(["Oh well.", text], tiny_bert)[1]
    assert found @ (states / states.norm()).numpy() == pytest.approx(1.0, abs=1e-3)


def test_a_text_longer_than_the_encoder_keeps_its_end(tiny_bert: str) -> None:
    end = "Our cat died last week. " * 20
    vectors = embed_texts(["My daughter won her race. " * 20 + end, "I trained. " + end], tiny_bert)
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-2)


def test_responses_without_any_sentence_are_refused(tiny_bert: str) -> None:
    with pytest.raises(UserError, match="expected responses, none of 1 has a sentence; give rows"):
        embed_responses(ROWS.iloc[[1]], tiny_bert)


UTTERANCES = SeedUtterances(
    texts=("Cats die.", "cats die.", "How kind!", "I am.", "I am.", "Oh well."),
    levels=(1, 1, 1, 1, 2, 2),
    sources=(("a",), ("b",), ("c", "d"), ("e",), ("f",), ("g",)),
)


def test_groups_are_clusters_within_a_level_no_more_than_distinct_vectors(tiny_bert: str) -> None:
    three = embed_seeds(UTTERANCES, Config("er", encoder=tiny_bert, seed_groups=3))
    weak, strong = three.groups[:4], three.groups[4:]
    assert weak[0] == weak[1]  # one text to an encoder that lowers case
    assert sorted(set(weak.tolist())) == [0, 1, 2]
    assert sorted(strong.tolist()) == [0, 1]
    one = embed_seeds(UTTERANCES, Config("er", encoder=tiny_bert, seed_groups=1))
    assert not one.groups.any()
    np.testing.assert_array_equal(one.vectors, embed_texts(UTTERANCES.texts, tiny_bert))


def test_round_trip(tiny_bert: str, tmp_path: Path) -> None:
    seeds = embed_seeds(UTTERANCES, Config("er", encoder=tiny_bert, seed_groups=2))
    seeds.save(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["seeds.json", "seeds.npy"]
    again = EmbeddedSeeds.load(tmp_path)
    assert again.utterances == UTTERANCES
    np.testing.assert_array_equal(again.groups, seeds.groups)
    np.testing.assert_array_equal(again.vectors, seeds.vectors)
