"""What the released scorer says, as signals."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions import FUNCTIONS, released
from pipelines.labels.functions.released import PLEASANT, VALUES
from pipelines.labels.turns import read_turns
from pipelines.scoring import EmpathyScorer
from tests.pipelines.labels.invented import label_settings
from tests.pipelines.scoring.conftest import write_release


@pytest.fixture
def settings(tmp_path: Path, tiny_bert: str) -> LabelSettings:
    return label_settings(tmp_path, tiny_bert)


@pytest.fixture
def scorer(tmp_path: Path, tiny_bert: str, monkeypatch: pytest.MonkeyPatch) -> EmpathyScorer:
    folder = tmp_path / "release"
    write_release(folder, tiny_bert)
    made = EmpathyScorer.from_pretrained(folder)
    monkeypatch.setattr(EmpathyScorer, "from_pretrained", lambda *_: made)
    monkeypatch.setattr(released, "CHUNK", 64)
    return made


def test_signals_are_the_scorer_s_and_a_killed_build_goes_on(
    settings: LabelSettings, scorer: EmpathyScorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, _ = read_turns(settings.path, " [SEP] ")
    turns = turns.head(150)
    folder = tmp_path / "signals"
    folder.mkdir()
    score_rows, calls = scorer.score_rows, []

    def dies(rows: Sequence[Any]) -> Any:
        calls.append(len(rows))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return score_rows(rows)

    monkeypatch.setattr(scorer, "score_rows", dies)
    with pytest.raises(KeyboardInterrupt):
        FUNCTIONS["released"].compute(turns, settings, folder)
    found = FUNCTIONS["released"].compute(turns, settings, folder)
    assert calls == [64, 64, 22, 22]
    assert list(found) == list(VALUES)
    assert np.isfinite(found.to_numpy()).all()
    for place in (0, 70, 149):
        score = scorer.score(json.loads(turns["said"].iloc[place]), turns["response"].iloc[place])
        row = found.iloc[place]
        assert row["quality"] == pytest.approx(score.quality, abs=1e-4)
        assert row["belonging"] == pytest.approx(score.belonging, abs=1e-4)
        assert row["pleasant"] == pytest.approx(sum(score.emotions[name] for name in PLEASANT), abs=1e-4)
        levels = score.mechanisms["explorations"].probabilities
        assert row["explorations_strong"] == pytest.approx(levels[2], abs=1e-4)


def test_it_needs_no_other_corpus(settings: LabelSettings) -> None:
    function = FUNCTIONS["released"]
    assert not function.learns
    assert not function.uses_encoder
    assert {path.name for path in function.files(settings)} > {"scorer.json", "heads.safetensors"}
    assert not any(path.suffix == ".md" for path in function.files(settings))
