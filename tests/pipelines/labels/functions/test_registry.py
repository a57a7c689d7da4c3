"""What every labelling function must tell."""

import pytest

from pipelines.errors import UserError
from pipelines.labels.configuration import DEFAULT_FUNCTIONS, needed
from pipelines.labels.functions import FUNCTIONS
from pipelines.labels.functions.labelling_function import LabellingFunction
from pipelines.labels.signals import IDS

COLUMNS = {
    *IDS,
    "emotion",
    "situation",
    "context",
    "said",
    "last_speaker_turn",
    "response",
    "next_speaker_turn",
    "selfeval",
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_tells_its_name_version_source_values_and_what_it_reads(function: LabellingFunction) -> None:
    assert FUNCTIONS[function.name] is function
    assert "." not in function.name and function.version >= 1
    assert len(function.source) > 20
    assert function.values and all(len(says) > 5 for says in function.values.values())
    assert function.reads and set(function.reads) <= COLUMNS


def test_the_kinds_of_evidence_are_there() -> None:
    assert {"length", "cues", "selfeval", "epitome", "intents", "emotions", "relevance", "ratings"} <= set(FUNCTIONS)
    assert list(FUNCTIONS) == [*DEFAULT_FUNCTIONS, "released"]


def test_a_missing_setting_names_its_key_and_the_way_out() -> None:
    assert needed("folder", "epitome_path", "epitome") == "folder"
    with pytest.raises(UserError, match="^epitome_path: expected a path, which .* epitome needs; give one, or"):
        needed(None, "epitome_path", "epitome")
