"""From labels folders and scorers to columns over the rated items."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.data.empatheticdialogues import read_empatheticdialogues
from pipelines.errors import UserError
from pipelines.evaluation import audit_columns
from pipelines.evaluation.audit_columns import label_columns, reference_columns, scorer_columns
from pipelines.evaluation.human_sets import HumanSet, read_dialogue_set
from pipelines.evaluation.scorers import Scorer

KEYS = pd.DataFrame(
    {
        "example_id": ["hit:1_conv:1/2", "hit:1_conv:1/4", "hit:1_conv:2/2", "other/2"],
        "conv_id": ["hit:1_conv:1", "hit:1_conv:1", "hit:1_conv:2", "other"],
        "turn": [2, 4, 2, 2],
        "split": ["train"] * 4,
    }
)


@pytest.fixture
def sets(tiny_corpus: str, tiny_ratings: str) -> list[HumanSet]:
    corpus = read_empatheticdialogues(tiny_corpus, frozenset(), strict=True)
    return [read_dialogue_set(tiny_ratings, corpus, "train", frozenset())]


def write_labels(folder: Path, **columns: Any) -> Path:
    folder.mkdir(exist_ok=True)
    signals = {"epitome.er": [0.0, 2.0, 1.0, 9.0], "relevance.rank": [np.nan, np.nan, 3.0, 1.0]} | columns
    KEYS.assign(**signals).to_parquet(folder / "signals.parquet")
    KEYS.assign(empathy=[2.0, 3.0, 4.5, 1.0], empathy_sd=0.4).to_parquet(folder / "labels.parquet")
    return folder


def test_signals_and_labels_are_means_over_the_turns_that_have_them(tmp_path: Path, sets: list[HumanSet]) -> None:
    er, rank, labels = label_columns(write_labels(tmp_path / "hybrid"), sets)
    assert [(one.name, one.kind) for one in (er, rank, labels)] == [
        ("epitome.er", "signal"),
        ("relevance.rank", "signal"),
        ("labels (hybrid)", "labels"),
    ]
    assert er.values["dialogues"][:2].tolist() == [1.0, 1.0]
    assert np.isnan(er.values["dialogues"][2:]).all()
    assert np.isnan(rank.values["dialogues"][0])
    assert rank.values["dialogues"][1] == 3.0
    assert labels.values["dialogues"][:2].tolist() == [2.5, 4.5]
    assert (er.ranges["dialogues"], labels.ranges["dialogues"]) == (None, (1, 5))


def test_references_are_the_mean_rating_and_the_words(sets: list[HumanSet]) -> None:
    constant, length = reference_columns(sets)
    assert constant.values["dialogues"].tolist() == [3.0] * 5
    assert constant.ranges["dialogues"] == (1, 5)
    assert length.values["dialogues"].tolist() == sets[0].words.tolist()


def use(monkeypatch: pytest.MonkeyPatch, score: Callable[[list[Any]], Any]) -> None:
    """Let every spec name a scorer that does `score`, named as the spec is, less any query."""
    monkeypatch.setattr(audit_columns, "load_scorer", lambda spec: Scorer(spec.partition("?")[0], score))


def test_a_scorer_meets_every_row_once_and_may_be_on_the_scale_or_not(
    monkeypatch: pytest.MonkeyPatch, sets: list[HumanSet]
) -> None:
    met = []

    def score(rows: list[Any]) -> np.ndarray:
        met.extend(row["example_id"] for row in rows)
        return 1 + 4 * np.arange(len(rows)) / (len(rows) - 1)

    use(monkeypatch, score)
    (column,) = scorer_columns(["python:a:b"], [*sets, *sets])
    assert len(met) == len(set(met)) == 9
    assert column.values["dialogues"][0] == pytest.approx(1 + 4 * 0.5 / 8)
    assert (column.kind, column.cell, column.ranges["dialogues"]) == ("scorer", None, (1, 5))
    use(monkeypatch, lambda rows: np.linspace(0, 1, len(rows)))
    assert scorer_columns(["python:a:b"], sets)[0].ranges["dialogues"] is None


def test_two_scorers_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch, sets: list[HumanSet]) -> None:
    use(monkeypatch, lambda rows: np.ones(len(rows)))
    with pytest.raises(UserError, match=r"expected each scorer once, csv:a came twice; the second was csv:a\?2"):
        scorer_columns(["csv:a?1", "csv:a?2"], sets)


def test_labels_that_are_missing_or_broken(tmp_path: Path, sets: list[HumanSet]) -> None:
    with pytest.raises(UserError, match=r"none/labels\.parquet: expected a parquet file, there is none; give a folder"):
        label_columns(tmp_path / "none", sets)
    folder = write_labels(tmp_path / "hybrid")
    (folder / "signals.parquet").write_text("no")
    with pytest.raises(UserError, match=r"signals\.parquet: expected a parquet file, it cannot be read"):
        label_columns(folder, sets)
    KEYS.drop(columns="turn").to_parquet(folder / "signals.parquet")
    with pytest.raises(UserError, match=r"expected the columns example_id, conv_id, turn, split, lacks turn"):
        label_columns(folder, sets)
    pd.concat([KEYS, KEYS]).to_parquet(folder / "signals.parquet")
    with pytest.raises(UserError, match=r"expected each example_id once, some come twice"):
        label_columns(folder, sets)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["a", "b", "c", "d"], "expected numbers in the column x, it holds"),
        ([1.0, np.inf, 2.0, 3.0], "expected finite numbers or none in the column x, some are infinite"),
    ],
)
def test_signals_that_are_no_numbers(tmp_path: Path, sets: list[HumanSet], column: list[Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        label_columns(write_labels(tmp_path / "hybrid", x=column), sets)


def test_labels_of_another_corpus_are_refused(tmp_path: Path, sets: list[HumanSet]) -> None:
    folder = write_labels(tmp_path / "hybrid")
    KEYS.assign(example_id=list("abcd")).to_parquet(folder / "signals.parquet")
    with pytest.raises(UserError, match=r"expected the listener turns that people rated, it holds none of 9; label"):
        label_columns(folder, sets)
