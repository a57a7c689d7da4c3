"""Features of responses, by hand."""

import numpy as np
import pytest

from pipelines.micromodels.features import response_features, seed_features, similarities
from tests.pipelines.micromodels.invented import cosine, responses, seeds

NAMES = ["weak_similarity_0", "weak_similarity_1", "strong_similarity_0", "weak_sentences", "strong_sentences"]


def test_similarities_are_cosines_and_a_responses_own_seed_is_left_out() -> None:
    by_hand = [[cosine(sentence - seed) for seed in (0, 90, 30, 45)] for sentence in (0, 60, 100)]
    np.testing.assert_allclose(similarities(responses(), seeds(), leave_own_out=False), by_hand, atol=1e-6)
    by_hand[0][0] = by_hand[1][0] = -np.inf  # marked in r0 alone; "Why?" was marked in r9 as well
    np.testing.assert_allclose(similarities(responses(), seeds(), leave_own_out=True), by_hand, atol=1e-6)


def test_features_by_hand() -> None:
    assert [feature.name for feature in seed_features(seeds())] == NAMES
    found = response_features(responses(), seeds(), theta=0.7, leave_own_out=False)
    assert found.columns.tolist() == NAMES
    expected = [
        [1.0, cosine(30), cosine(15), 2, 2],  # cosines of 60 degrees: .87 to weak, .97 to strong
        [0.0, 0.0, 0.0, 0, 0],  # no sentence
        [cosine(100), cosine(10), cosine(55), 1, 0],
    ]
    np.testing.assert_allclose(found.to_numpy(), expected, atol=1e-6)


def test_features_of_training_rows_do_not_see_their_own_rationales() -> None:
    found = response_features(responses(), seeds(), theta=0.7, leave_own_out=True)
    # No seed of the group is left to r0, and its first sentence is like no weak seed any more.
    assert found.iloc[0].tolist() == pytest.approx([0.0, cosine(30), cosine(15), 1, 2], abs=1e-6)
    unseen = response_features(responses(), seeds(), theta=0.7, leave_own_out=False)
    assert found.iloc[1:].equals(unseen.iloc[1:])


@pytest.mark.parametrize(("theta", "counted"), [(0.9, 1.0), (0.8, 2.0), (0.99, 0.0)])
def test_theta_decides_what_is_counted(theta: float, counted: float) -> None:
    found = response_features(responses(), seeds(), theta, leave_own_out=False)
    assert found["strong_sentences"][0] == counted
