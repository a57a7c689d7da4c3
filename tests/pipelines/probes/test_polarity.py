import pytest

from pipelines.probes.material import Material
from pipelines.probes.measure import measure_scorer
from pipelines.probes.polarity import OPPOSITES, contradiction
from tests.pipelines.probes.scorer import of


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("I'm sorry to hear that.", "I'm glad to hear that."),
        ("So sorry to hear that!", "So happy to hear that!"),
        ("That is great!", "That is terrible!"),
        ("Great, what a terrible day", "Terrible, what a great day"),
        ("THAT IS AWESOME", "THAT IS AWFUL"),
        ("that’s nice, i'm sorry", "that's nasty, I'm glad"),
        ("My condolences.", "Congratulations."),
        ("Congrats!", "My condolences!"),
    ],
)
def test_polarity_is_flipped(response: str, expected: str) -> None:
    assert contradiction(response) == expected


@pytest.mark.parametrize("response", ["What happened?", "My greatest niece loves the goodness of lovers.", ""])
def test_without_a_polarity_word_there_is_no_contradiction(response: str) -> None:
    assert contradiction(response) is None


def test_no_phrase_has_two_opposites() -> None:
    phrases = [phrase for pair in OPPOSITES for phrase in pair]
    assert len(phrases) == len(set(phrases))


def test_a_scorer_of_one_word_drops_where_it_stood(material: Material) -> None:
    """Half of the first answers say "great"; the others, and the turns that say "good", do not change."""
    record = measure_scorer(of(lambda contexts, responses: [float("great" in r) for r in responses]), material)
    found = record["polarity"]
    assert found["lower"]["n"] == 48
    assert found["lower"]["value"] == 0.5
    assert found["ties"] == 24
    assert found["mean_drop"]["value"] == 0.5
    assert found["mean_drop"]["low"] < 0.5 < found["mean_drop"]["high"]
    assert found["mean_drop_sd"]["value"] == pytest.approx(0.5 / (0.25 * 0.75) ** 0.5)
