"""The cache of the signals: what is computed again, and when."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from pipelines.errors import UserError
from pipelines.labels import content_hash, signals
from pipelines.labels.choice import RATERS
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions import FUNCTIONS
from pipelines.labels.functions.labelling_function import LabellingFunction
from pipelines.labels.signals import IDS, compute_signals
from pipelines.labels.turns import read_turns
from tests.pipelines.labels.invented import change_rating, label_settings

OF_TEXT_ALONE = {name for name, function in FUNCTIONS.items() if not function.uses_encoder}
LEARNT_FROM_FILES = {"epitome", "intents", "emotions", *RATERS}
TRAINED = {"epitome", "intents", "emotions", "ratings"}


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the functions that were computed; each gives its column numbers instead of values."""
    calls: list[str] = []

    def stand_in(function: LabellingFunction) -> LabellingFunction:
        def compute(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> pd.DataFrame:
            calls.append(function.name)
            return pd.DataFrame(
                np.tile(np.arange(len(function.values)), (len(turns), 1)), columns=list(function.values)
            )

        return replace(function, compute=compute)

    monkeypatch.setattr(signals, "FUNCTIONS", {name: stand_in(one) for name, one in FUNCTIONS.items()})
    return calls


@pytest.fixture
def settings(tmp_path: Path, tiny_bert: str) -> LabelSettings:
    return label_settings(tmp_path, tiny_bert)


def read(settings: LabelSettings) -> pd.DataFrame:
    return read_turns(settings.path, " [SEP] ")[0]


def test_a_column_for_each_value_of_each_function(settings: LabelSettings, computed: list[str]) -> None:
    turns = read(settings)
    found = compute_signals(turns, settings)
    assert found.names == [f"{name}.{value}" for name in settings.functions for value in FUNCTIONS[name].values]
    assert list(found.frame) == [*IDS, *found.names]
    pd.testing.assert_frame_equal(found.frame[IDS], turns[IDS])
    assert found.frame["epitome.ex"].tolist() == [2.0] * len(turns)
    assert {str(found.frame[name].dtype) for name in found.names} == {"float32"}
    assert computed == settings.functions
    assert set(found.keys) == set(settings.functions)


def test_a_second_run_computes_nothing(
    settings: LabelSettings, computed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    first = compute_signals(read(settings), settings)
    assert capsys.readouterr().out.splitlines() == [f"{name}: computing 480 turns" for name in settings.functions]
    computed.clear()
    second = compute_signals(read(settings), settings)
    assert computed == []
    assert capsys.readouterr().out.splitlines() == [f"{name}: from the cache" for name in settings.functions]
    pd.testing.assert_frame_equal(first.frame, second.frame, check_exact=True)
    assert first.keys == second.keys


def change_selfeval(settings: LabelSettings) -> None:
    file = Path(settings.path) / "train.csv"
    file.write_text(file.read_text().replace("5|5|5_4|3|5", "5|5|5_4|3|4", 20), encoding="utf-8")


def change_response(settings: LabelSettings) -> None:
    file = Path(settings.path) / "valid.csv"
    file.write_text(file.read_text().replace("So sorry to hear it.", "So sorry to hear that.", 1), encoding="utf-8")


def append(key: str, name: str, line: str) -> Callable[[LabelSettings], None]:
    def change(settings: LabelSettings) -> None:
        with (Path(getattr(settings, key)) / name).open("a", encoding="utf-8") as handle:
            handle.write(line)

    return change


CHANGES: dict[str, tuple[Callable[[LabelSettings], None], set[str]]] = {
    "epitome": (append("epitome_path", "emotional-reactions-reddit.csv", "\n"), {"epitome"}),
    "intents": (append("intents_path", "train.txt", "\n40 <SEP> so it is"), {"intents"}),
    "goemotions": (append("goemotions_path", "train.tsv", "Hm.\t1\tx\n"), {"emotions"}),
    "a rating": (lambda settings: change_rating(Path(str(settings.human_ratings_path)), "hit:2_conv:2"), set(RATERS)),
    "selfeval": (change_selfeval, {"selfeval"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_file_is_a_matter_of_those_who_read_it(
    settings: LabelSettings, computed: list[str], change: str
) -> None:
    compute_signals(read(settings), settings)
    computed.clear()
    apply, readers = CHANGES[change]
    apply(settings)
    compute_signals(read(settings), settings)
    assert set(computed) == readers


def test_a_changed_response_is_a_matter_of_all_that_read_responses(
    settings: LabelSettings, computed: list[str]
) -> None:
    compute_signals(read(settings), settings)
    computed.clear()
    change_response(settings)
    compute_signals(read(settings), settings)
    assert set(computed) == {name for name in FUNCTIONS if "response" in FUNCTIONS[name].reads}
    assert "length" in computed and "selfeval" not in computed


def test_changed_exclusions_are_a_matter_of_what_is_learnt(settings: LabelSettings, computed: list[str]) -> None:
    compute_signals(read(settings), settings)
    computed.clear()
    Path(str(settings.exclude_ids)).write_text(json.dumps({"empatheticdialogues": ["hit:9_conv:9"]}))
    compute_signals(read(settings), settings)
    assert {"epitome", "emotions", *RATERS} <= set(computed) <= LEARNT_FROM_FILES


def test_another_seed_is_a_matter_of_what_is_trained(settings: LabelSettings, computed: list[str]) -> None:
    compute_signals(read(settings), settings)
    computed.clear()
    compute_signals(read(settings), replace(settings, seed=18))
    assert set(computed) >= TRAINED
    assert not set(computed) & OF_TEXT_ALONE


def test_another_encoder_is_told_by_its_weights(
    settings: LabelSettings, computed: list[str], tiny_roberta: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute_signals(read(settings), settings)
    computed.clear()
    compute_signals(read(settings), replace(settings, encoder=tiny_roberta))
    assert set(computed) == set(FUNCTIONS) - OF_TEXT_ALONE
    computed.clear()
    load = content_hash.load_backbone
    content_hash.encoder_hash.cache_clear()

    def other_weights(encoder: str) -> torch.nn.Module:
        backbone = load(encoder)
        with torch.no_grad():
            next(backbone.parameters())[0, 0] += 1
        return backbone

    monkeypatch.setattr(content_hash, "load_backbone", other_weights)
    compute_signals(read(settings), settings)
    content_hash.encoder_hash.cache_clear()
    assert set(computed) == set(FUNCTIONS) - OF_TEXT_ALONE


def test_another_version_is_computed_anew(
    settings: LabelSettings, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compute_signals(read(settings), settings)
    computed.clear()
    monkeypatch.setitem(signals.FUNCTIONS, "cues", replace(signals.FUNCTIONS["cues"], version=99))
    compute_signals(read(settings), settings)
    assert computed == ["cues"]


def test_fewer_functions_come_from_the_same_cache(settings: LabelSettings, computed: list[str]) -> None:
    compute_signals(read(settings), settings)
    computed.clear()
    found = compute_signals(read(settings), replace(settings, functions=["relevance", "length"]))
    assert computed == []
    assert found.names == [*(f"relevance.{one}" for one in FUNCTIONS["relevance"].values), "length.words",
                           "length.dialogue_words"]  # fmt: skip


def test_what_is_done_before_a_failure_is_kept(
    settings: LabelSettings, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> pd.DataFrame:
        raise KeyboardInterrupt

    whole = signals.FUNCTIONS["emotions"]
    monkeypatch.setitem(signals.FUNCTIONS, "emotions", replace(whole, compute=fail))
    with pytest.raises(KeyboardInterrupt):
        compute_signals(read(settings), settings)
    before = settings.functions.index("emotions")
    assert computed == settings.functions[:before]
    computed.clear()
    monkeypatch.setitem(signals.FUNCTIONS, "emotions", whole)
    compute_signals(read(settings), settings)
    assert computed == settings.functions[before:]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"functions": ["length", "valence"]}, "functions: expected names out of length, cues, .*, got 'valence'"),
        ({"epitome_path": None}, "epitome_path: expected a path, which the labelling function epitome needs"),
        (
            {"goemotions_path": "nowhere"},
            "nowhere: expected a file or folder that a labelling function reads",
        ),
        ({"exclude_ids": "nowhere.json"}, r"nowhere\.json: expected a file or folder .*, there is none"),
        ({"encoder": "./nowhere"}, r"encoder './nowhere': expected a model folder, there is none at this path"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_computed(
    settings: LabelSettings, computed: list[str], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        compute_signals(read(settings), replace(settings, **changes))
    assert computed == []


def test_a_function_that_breaks_its_word_is_named(
    settings: LabelSettings, computed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(signals.FUNCTIONS["length"], compute=lambda *_: pd.DataFrame({"words": [1.0]}))
    monkeypatch.setitem(signals.FUNCTIONS, "length", short)
    with pytest.raises(
        ValueError, match="function length: expected 480 rows of words, dialogue_words, came 1 of words"
    ):
        compute_signals(read(settings), settings)
    assert not list(Path(settings.cache_dir).glob("length-*"))
