"""Labels of `empathy label` as a label source."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from datasets import DatasetDict

from pipelines.data.corpora import LABEL_SOURCES
from pipelines.data.corpus import Corpus, ReaderReport
from pipelines.data.dialogue import SPLITS
from pipelines.data.features import EXAMPLE_FEATURES, example_dataset
from pipelines.data.hybrid_labels import label_with_hybrid_labels
from pipelines.errors import UserError


def make_corpus() -> Corpus:
    def example(split: str, conv_id: str, turn: int) -> dict:
        return {
            "example_id": f"{conv_id}/{turn}",
            "conv_id": conv_id,
            "turn": turn,
            "split": split,
            "situation": "",
            "dialogue_context": [{"role": "speaker", "text": "Hello."}],
            "response": "Hello to you.",
            "emotion": 0,
            "empathy": None,
            "label_source": "",
        }

    turns = {"train": [("a", 2), ("a", 4), ("b", 2)], "valid": [("c", 2)], "test": [("d", 2)]}
    tables = {split: example_dataset(example(split, *one) for one in turns[split]) for split in SPLITS}
    return Corpus("invented", DatasetDict(tables), ReaderReport("invented"))


def make_labels() -> pd.DataFrame:
    """Labels of the corpus in another order, and of a turn that it does not hold."""
    return pd.DataFrame(
        {
            "example_id": ["gone/2", "d/2", "b/2", "a/4", "a/2", "c/2"],
            "split": ["train", "test", "train", "train", "train", "valid"],
            "empathy": [5.0, 1.0, 2.5, 3.25, 4.0, 4.5],
            "label_source": "hybrid:fitted",
        }
    )


def test_every_turn_gets_its_own_score(tmp_path: Path) -> None:
    corpus = make_corpus()
    make_labels().to_parquet(tmp_path / "labels.parquet")
    labelled = LABEL_SOURCES["hybrid"](corpus, str(tmp_path))
    assert labelled.examples["train"]["empathy"][:] == [4.0, 3.25, 2.5]
    assert labelled.examples["valid"]["empathy"][:] == [4.5]
    assert labelled.examples["test"]["empathy"][:] == [1.0]
    for split in SPLITS:
        assert labelled.examples[split].features == EXAMPLE_FEATURES
        assert set(labelled.examples[split]["label_source"][:]) == {"hybrid:fitted"}
        assert labelled.examples[split]["example_id"][:] == corpus.examples[split]["example_id"][:]
    assert labelled.report.noted["corpus"] == {"labels_of_turns_not_kept": 1}
    assert corpus.examples["train"]["empathy"][:] == [None, None, None]  # the corpus that was given is as it was
    assert corpus.report.noted["corpus"] == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda labels: labels.drop(columns=["empathy", "split"]),
            r"labels\.parquet: expected the columns example_id, split, empathy, label_source, missing split, empathy",
        ),
        (lambda labels: labels.assign(empathy=[5.0, 5.01, 1, 1, 1, 1]), "expected scores from 1 to 5, came others"),
        (lambda labels: labels.assign(empathy=[5.0, None, 1, 1, 1, 1]), "expected scores from 1 to 5, came others"),
        (
            lambda labels: labels[~labels["example_id"].isin(["b/2", "a/4"])],
            "expected a score for each of 3 turns of the train split, came none for 2, a/4 first; label the",
        ),
        (
            lambda labels: labels.assign(split=labels["split"].replace("valid", "train")),
            "expected c/2 in the valid split, came train; label the corpus that is read here",
        ),
        (
            lambda labels: pd.concat([labels, labels.iloc[[4]]]),
            "expected one score for each turn, came two or more for a/2; label again",
        ),
    ],
)
def test_labels_that_do_not_fit(tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], message: str) -> None:
    change(make_labels()).to_parquet(tmp_path / "labels.parquet")
    with pytest.raises(UserError, match=message):
        label_with_hybrid_labels(make_corpus(), str(tmp_path))


def test_a_folder_without_labels_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"labels\.parquet: expected labels, there are none; make them: empathy label "):
        label_with_hybrid_labels(make_corpus(), str(tmp_path))
    (tmp_path / "labels.parquet").write_bytes(b"nothing of the sort")
    with pytest.raises(UserError, match=r"labels\.parquet: expected a parquet file .* label again"):
        label_with_hybrid_labels(make_corpus(), str(tmp_path))
