import numpy as np
import pytest

from pipelines.evaluation.scorers import Scorer
from pipelines.probes.material import Material
from pipelines.probes.measure import measure_scorer
from pipelines.probes.phrase_insertion import FILLER, PHRASES, PROBE
from pipelines.probes.probe import Scores
from tests.pipelines.probes import scoring
from tests.pipelines.probes.scorer import of


def test_phrases_stand_before_the_response(material: Material) -> None:
    rows = PROBE.rows(material)
    assert len(rows) == 22 * 10
    inserted = [row["response"] for row in rows if row["response"].endswith(" Take the stairs to floor 3.")]
    assert inserted == [f"{phrase} Take the stairs to floor 3." for phrase in (*PHRASES, FILLER)]


def test_a_phrase_lover_flips_every_pair_and_the_filler_none(material: Material) -> None:
    found = measure_scorer(of(scoring.phrase_lover), material)
    insertion = found["insertion"]
    assert found["threshold"] == 2.0
    assert insertion["position"] == "before the response"
    assert (insertion["pairs"], insertion["not_empathic"]) == (22, 22)
    assert (insertion["flipped"]["value"], insertion["flipped"]["high"], insertion["flipped"]["n"]) == (1.0, 1.0, 22)
    assert insertion["flipped"]["low"] == pytest.approx(0.8513, abs=1e-3)  # Wilson, 22 of 22
    assert {figure["value"] for figure in insertion["by_phrase"].values()} == {1.0}
    assert list(insertion["by_phrase"]) == list(PHRASES)
    assert (insertion["control"]["phrase"], insertion["control"]["value"]) == (FILLER, 0.0)
    assert insertion["mean_change"]["value"] == 99.0
    assert insertion["control_mean_change"]["value"] == 0.0


def test_only_pairs_below_the_threshold_count_and_reaching_it_is_enough(material: Material) -> None:
    """Length against a threshold of 9 words: by hand, w words flip with a phrase of p words if w + p >= 9."""
    rows = [*material.real, *PROBE.rows(material)]
    scores = Scores({row["example_id"]: float(len(row["response"].split())) for row in rows}, threshold=9.0)
    found = PROBE.measure(material, scores)
    words = np.array([len(p["response"].split()) for pairs in material.corpora.values() for p in pairs])
    below = words[words < 9]
    lengths = np.array([len(phrase.split()) for phrase in PHRASES])
    flips = below[:, None] + lengths >= 9
    assert found["not_empathic"] == len(below) == 18
    assert found["flipped"]["value"] == pytest.approx(flips.mean())
    assert 0 < found["flipped"]["low"] < flips.mean() < found["flipped"]["high"] < 1
    assert found["any_phrase"]["value"] == pytest.approx(flips.any(axis=1).mean())
    assert found["by_phrase"]["Why?"]["value"] == pytest.approx((below + 1 >= 9).mean())
    assert found["by_corpus"]["everyday"]["not_empathic"] == 12
    assert found["by_corpus"]["support"]["not_empathic"] == 6
    by_hand = np.mean([found["by_corpus"]["support"]["by_phrase"][phrase]["value"] for phrase in PHRASES])
    assert found["by_corpus"]["support"]["flipped"]["value"] == pytest.approx(by_hand)


def test_a_scorer_that_calls_everything_empathic_has_no_share(material: Material) -> None:
    constant = Scorer("constant", lambda rows: np.full(len(rows), 3.0))
    insertion = measure_scorer(constant, material)["insertion"]
    assert insertion["not_empathic"] == 0
    assert insertion["flipped"] == {"value": None, "low": None, "high": None, "n": 0}
    assert insertion["by_phrase"]["Why?"]["value"] is None


def test_by_the_threshold_of_the_system_itself(material: Material) -> None:
    """Words against 9, whatever the median of real turns is; all pairs count, those that reach it as they are, too."""
    rows = [*material.real, *PROBE.rows(material)]
    by_id = {row["example_id"]: float(len(row["response"].split())) for row in rows}
    assert PROBE.measure(material, Scores(by_id, threshold=4.0))["own_threshold"] is None
    own = PROBE.measure(material, Scores(by_id, threshold=4.0, own_threshold=9.0))["own_threshold"]
    assert list(own) == ["threshold", *material.corpora]
    assert own["threshold"] == 9.0
    for name, pairs in material.corpora.items():
        words = np.array([len(pair["response"].split()) for pair in pairs])
        assert own[name]["as it is"]["value"] == pytest.approx((words >= 9).mean())
        assert own[name]["Why?"]["value"] == pytest.approx((words + 1 >= 9).mean())
        assert own[name]["I know how you feel."]["n"] == len(pairs)


def test_a_scorer_may_name_its_threshold(material: Material) -> None:
    lover = Scorer("lover", of(scoring.phrase_lover).score, empathic_from=50.0)
    own = measure_scorer(lover, material)["insertion"]["own_threshold"]
    for name in material.corpora:
        assert own[name]["as it is"]["value"] == 0.0
        assert own[name]["I feel you."]["value"] == 1.0
