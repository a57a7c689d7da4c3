"""When a pair lies outside of what the model was trained on."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from pipelines.scoring.domain import DIRECTIONS, FAR, NOT_ENGLISH, SHARE_LEFT_OUT, Domain, fit_domain, other_language


def vectors() -> np.ndarray:
    """(2000, 80), of unlike variances and correlated."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(2000, 80)) * np.linspace(0.1, 3, 80) @ rng.normal(size=(80, 80)) + 2


def test_distances_are_those_of_scikit_learn_s_probabilistic_pca() -> None:
    given = vectors()
    domain = fit_domain(given)
    fitted = PCA(DIRECTIONS, svd_solver="full").fit(given)
    centred = given[:50] - given.mean(axis=0)
    expected = np.sqrt(np.einsum("bi,ij,bj->b", centred, fitted.get_precision(), centred))
    found = domain.distances(torch.from_numpy(given[:50]).float())
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-3)


def test_so_many_of_the_training_pairs_are_far() -> None:
    given = vectors()
    domain = fit_domain(given)
    far = domain.distances(torch.from_numpy(given).float()) > domain.farthest
    assert far.float().mean().item() == pytest.approx(SHARE_LEFT_OUT, abs=1e-3)
    shifted = torch.from_numpy(given + 40).float()
    assert bool((domain.distances(shifted) > domain.farthest).all())


def test_a_few_pairs_have_fewer_directions() -> None:
    assert fit_domain(vectors()[:12]).directions.shape == (11, 80)


@pytest.mark.parametrize(
    "text",
    [
        "Ich habe heute meine Arbeit verloren. Das tut mir wirklich leid.",
        "Perdí mi trabajo hoy. Lo siento mucho, debe ser muy duro.",
        "J'ai perdu mon travail aujourd'hui. Je suis vraiment désolé.",
        "Ik ben vandaag mijn baan kwijtgeraakt. Wat erg voor je.",
        "Jeg har mistet mit arbejde i dag. Det var hårdt for dig, og jeg er ked af det.",
        "Straciłem dziś pracę. Bardzo mi przykro, to musi być dla ciebie trudne.",
        "今日、仕事を失いました。それは大変でしたね。",
        "Сегодня я потерял работу. Мне очень жаль.",
    ],
)
def test_other_languages_are_told(text: str) -> None:
    assert other_language(text)
    domain = Domain(torch.zeros(1), torch.zeros(0, 1), torch.zeros(0), 1.0, 2.0)
    assert domain.reasons(text, text, 1.0) == (NOT_ENGLISH,)
    assert domain.reasons(text, text, 3.0) == (NOT_ENGLISH, FAR)


@pytest.mark.parametrize(
    "text",
    [
        "I lost my job today. Oh no, I am so sorry to hear that.",
        "Got promoted! Congratulations!",
        "Dog died yesterday morning. Poor thing, really tough.",
    ],
)
def test_english_is_english(text: str) -> None:
    assert not other_language(text)


def test_a_quoted_word_does_not_make_a_text_english() -> None:
    assert other_language("Ella me dijo: I love you. No supe qué responder y me puse a llorar toda la tarde en casa.")
