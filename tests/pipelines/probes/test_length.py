import numpy as np
import pytest

from pipelines.probes.material import Material
from pipelines.probes.measure import measure_scorer
from tests.pipelines.probes import scoring
from tests.pipelines.probes.scorer import of


def test_a_length_scorer_is_caught(material: Material) -> None:
    record = measure_scorer(of(scoring.length), material)
    found = record["length"]
    assert found["spearman"]["value"] == pytest.approx(1.0)
    assert [found[f"area_quarter_{k}"]["value"] for k in (1, 2, 3, 4)] == [0.5] * 4
    assert sum(found[f"area_quarter_{k}"]["n"] for k in (1, 2, 3, 4)) == 96
    words = [found[f"area_quarter_{k}"]["words"] for k in (1, 2, 3, 4)]
    assert all(low <= high for low, high in words)
    assert all(words[k][1] < words[k + 1][0] for k in range(3))
    assert (words[0][0], words[3][1]) == (int(material.words.min()), int(material.words.max()))
    # The filler, six words, does what the longest phrases do.
    assert record["threshold"] == np.median(material.words)
    assert (
        record["insertion"]["control"]["value"]
        == record["insertion"]["by_phrase"]["Why do you feel like that?"]["value"]
    )


def test_a_constant_has_no_correlation(material: Material) -> None:
    record = measure_scorer(of(lambda contexts, responses: [2.0] * len(responses)), material)
    assert record["length"]["spearman"] == {"value": None, "low": None, "high": None, "n": 96}
