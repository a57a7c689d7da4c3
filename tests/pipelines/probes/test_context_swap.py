from collections import Counter

import pytest

from pipelines.probes.context_swap import KINDS, swap_partners
from pipelines.probes.material import Material
from pipelines.probes.measure import measure_scorer
from tests.pipelines.probes import scoring
from tests.pipelines.probes.scorer import of


@pytest.mark.parametrize("kind", KINDS)
def test_partners_are_other_dialogues_at_the_same_point(material: Material, kind: str) -> None:
    turns = material.turns
    partners = swap_partners(turns, kind)
    assert set(partners) == set(range(96))
    assert max(Counter(partners.values()).values()) == 1  # every context is handed on once
    for index, other in partners.items():
        assert turns[index]["conv_id"] != turns[other]["conv_id"]
        assert len(turns[index]["dialogue_context"]) == len(turns[other]["dialogue_context"])
        if kind != "all":
            assert (turns[index]["emotion"] == turns[other]["emotion"]) == (kind == "same_emotion")


def test_partners_do_not_depend_on_the_order_of_the_turns(material: Material) -> None:
    turns = material.turns
    forwards, backwards = swap_partners(turns, "different_emotion"), swap_partners(turns[::-1], "different_emotion")
    ids = {turns[a]["example_id"]: turns[b]["example_id"] for a, b in forwards.items()}
    assert {turns[95 - a]["example_id"]: turns[95 - b]["example_id"] for a, b in backwards.items()} == ids


def test_a_turn_that_nothing_fits_is_left_out_and_counted(material: Material) -> None:
    first = [turn for turn in material.turns if len(turn["dialogue_context"]) == 1]
    alone = [turn for turn in first if turn["emotion"] == 0][:1] + [turn for turn in first if turn["emotion"] == 1][:2]
    assert sorted(swap_partners(alone, "same_emotion")) == [1, 2]
    same_text = [dict(turn, dialogue_context=alone[0]["dialogue_context"]) for turn in alone]
    assert swap_partners(same_text, "all") == {}
    few = Material("valid", alone, material.corpora, material.dropped)
    found = measure_scorer(of(scoring.length), few)["context_swap"]
    assert found["unpaired"] == {"all": 0, "same_emotion": 1, "different_emotion": 1}


def test_an_oracle_that_reads_the_context_has_area_1_and_no_flips(material: Material) -> None:
    found = measure_scorer(of(scoring.Oracle(material)), material)
    swap = found["context_swap"]
    assert [swap[key]["value"] for key in ("area", "same_emotion", "different_emotion")] == [1.0, 1.0, 1.0]
    assert swap["own_higher"]["all"]["value"] == 1.0
    assert found["insertion"]["flipped"]["value"] == 0.0
    assert found["insertion"]["not_empathic"] == 22
    assert found["polarity"]["lower"]["value"] == 1.0
    assert found["length"]["area_quarter_1"]["value"] == 1.0


@pytest.mark.parametrize("scorer", [scoring.length, scoring.context_length])
def test_a_scorer_of_one_side_stays_at_one_half(material: Material, scorer: object) -> None:
    swap = measure_scorer(of(scorer), material)["context_swap"]  # type: ignore[arg-type]
    assert [swap[key]["value"] for key in ("area", "same_emotion", "different_emotion")] == [0.5, 0.5, 0.5]
    assert swap["area"]["low"] <= 0.5 <= swap["area"]["high"]
    assert swap["area"]["n"] == 96
