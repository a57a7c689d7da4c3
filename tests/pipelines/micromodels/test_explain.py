"""Explanations: they add up to the prediction and name what they rest on."""

import numpy as np
import pandas as pd
import pytest

from peers.micromodels import Config, Model
from peers.micromodels.additive import AdditiveModel
from pipelines.micromodels.explain import explain_response, importance_table, seed_table
from pipelines.micromodels.features import response_features, seed_features
from tests.pipelines.micromodels.invented import cosine, responses, seeds


@pytest.fixture
def model() -> Model:
    """Two bins a feature, cut at .5; only "weak_similarity_0" and "strong_sentences" count for anything."""
    model = Model(Config("er"))
    model.features = tuple(feature.name for feature in seed_features(seeds()))
    scores = [np.zeros((2, 3)) for _ in model.features]
    scores[0] = np.array([[1.0, -1.0, 0.0], [-1.0, 2.0, -1.0]])
    scores[4] = np.array([[0.0, 0.0, 0.0], [0.0, -0.5, 0.5]])
    weights = np.array([3.0, 1.0])
    model._additive = AdditiveModel(np.zeros(3), (np.array([0.5]),) * 5, tuple(scores), (weights,) * 5)
    return model


def test_importances_largest_first(model: Model) -> None:
    table = importance_table(model)
    assert table.columns.tolist() == ["feature", "importance"]
    assert table["feature"].tolist()[:2] == ["weak_similarity_0", "strong_sentences"]
    assert table["importance"].tolist() == pytest.approx([(3 * 2 / 3 + 4 / 3) / 4, (1 / 3) / 4, 0, 0, 0])
    with pytest.raises(ValueError, match="expected a fitted model"):
        importance_table(Model(Config("er")))


def test_seeds_behind_each_feature() -> None:
    expected = [
        ("weak_similarity_0", 1, "So sad."),
        ("weak_similarity_1", 1, "Right"),
        ("strong_similarity_0", 2, "Why so?"),
        ("weak_sentences", 2, "So sad."),
        ("strong_sentences", 2, "Why so?"),
    ]
    found = seed_table(seeds())
    assert found["feature"].tolist() == [name for name, *_ in expected]
    assert found["seeds"].tolist() == [count for _, count, _ in expected]
    # Of two seeds both are as near to the mean.
    texts = dict(zip(found["feature"], found["central_seed"], strict=True))
    assert (texts["weak_similarity_0"], texts["weak_similarity_1"]) == ("So sad.", "Right")
    assert texts["strong_similarity_0"] in ("Why so?", "Why?")


def test_a_responses_account(model: Model) -> None:
    table = explain_response(model, responses(), seeds(), 0)
    assert table.columns.tolist() == ["feature", "value", "sentence", "seed", "none", "weak", "strong"]
    first, second = table.iloc[0], table.iloc[1]
    assert first.tolist() == ["weak_similarity_0", pytest.approx(1.0), "So sad.", "So sad.", -1.0, 2.0, -1.0]
    assert second.tolist()[0] == "strong_sentences"
    assert second.tolist()[2:] == ["Why?", "Why?", 0.0, -0.5, 0.5]
    near = table.set_index("feature").loc["weak_similarity_1"]
    assert (near["sentence"], near["seed"], near["value"]) == ("Why?", "Right", pytest.approx(cosine(30)))


def test_what_the_features_add_makes_the_probabilities(model: Model) -> None:
    features = response_features(responses(), seeds(), 0.7, leave_own_out=False)
    for place, probabilities in enumerate(model.predict_proba(features)):
        summed = np.exp(explain_response(model, responses(), seeds(), place)[["none", "weak", "strong"]].sum())
        np.testing.assert_allclose(summed / summed.sum(), probabilities, atol=1e-12)


def test_a_response_without_a_sentence_rests_on_none(model: Model) -> None:
    table = explain_response(model, responses(), seeds(), 1)
    assert table["sentence"].isna().all() and table["seed"].isna().all()
    assert table["value"].tolist() == [0.0] * 5
    assert isinstance(table, pd.DataFrame)


def test_a_model_of_other_features_is_refused(model: Model) -> None:
    model.features = ("weak_similarity_9", *model.features[1:])
    with pytest.raises(ValueError, match="features that the model was fitted on.*weak_similarity_0, weak_similarity_9"):
        explain_response(model, responses(), seeds(), 0)
