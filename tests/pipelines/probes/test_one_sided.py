import pytest

from pipelines.probes.material import Material
from pipelines.probes.measure import measure_scorer
from pipelines.probes.one_sided import BLANK, PROBE
from tests.pipelines.probes import scoring
from tests.pipelines.probes.scorer import of


def test_one_side_is_blank(material: Material) -> None:
    rows = PROBE.rows(material)
    assert {row["dialogue_context"][0]["text"] for row in rows[:96]} == {BLANK}
    assert {row["response"] for row in rows[96:]} == {BLANK}


def test_what_a_scorer_reads_is_found(material: Material) -> None:
    response = measure_scorer(of(scoring.length), material)["one_sided"]
    assert response["response_only"]["value"] == pytest.approx(1.0)
    assert response["context_only"]["value"] is None  # the blank response has one length
    context = measure_scorer(of(scoring.context_length), material)["one_sided"]
    assert context["context_only"]["value"] == pytest.approx(1.0)
    assert context["response_only"]["value"] is None
