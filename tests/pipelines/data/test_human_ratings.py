"""Human ratings of dialogues, inherited by the listener's turns."""

from pathlib import Path

import pytest
from datasets import DatasetDict

from pipelines.data.corpus import Corpus, ReaderReport
from pipelines.data.dialogue import SPLITS
from pipelines.data.empatheticdialogues import read_empatheticdialogues
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.features import EXAMPLE_FEATURES, example_dataset
from pipelines.data.human_ratings import label_with_human_ratings
from pipelines.errors import UserError

REAL = Path(__file__).parents[3] / "data"


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


def write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(["conv_id,rating,batch,split", *lines]) + "\n", encoding="utf-8")
    return str(path)


def test_turns_inherit_the_rating_of_their_dialogue(tmp_path: Path) -> None:
    corpus = make_corpus()
    path = write(tmp_path / "r.csv", "a,5,1_1,train", "c,2,1_1,valid", "c,3,2_1,valid", "gone,1,1_1,train")
    labelled = label_with_human_ratings(corpus, path)
    assert labelled.examples["train"]["empathy"][:] == [5.0, 5.0, None]
    assert labelled.examples["valid"]["empathy"][:] == [2.5]
    assert labelled.examples["test"]["empathy"][:] == [None]
    assert labelled.examples["train"]["label_source"][:] == ["human_ratings:inherited", "human_ratings:inherited", ""]
    assert labelled.examples["train"].features == EXAMPLE_FEATURES
    assert labelled.examples["train"].column_names == list(EXAMPLE_FEATURES)
    assert labelled.report.noted == {
        "train": {"dialogues_labelled": 1, "examples_labelled": 2},
        "valid": {"dialogues_labelled": 1, "examples_labelled": 1},
        "test": {},
        "corpus": {"ratings_of_dialogues_not_kept": 1, "dialogues_rated_more_than_once": 1},
    }
    assert corpus.report.noted["train"] == {}  # the corpus that was given is as it was
    assert corpus.examples["train"]["empathy"][:] == [None, None, None]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("b,6,1_1,train", r"r\.csv:3: expected a rating from 1 to 5, came '6'"),
        ("b,0.5,1_1,train", r"r\.csv:3: expected a rating from 1 to 5, came '0.5'"),
        ("b,good,1_1,train", r"r\.csv:3: expected a rating from 1 to 5, came 'good'"),
        ("b,nan,1_1,train", r"r\.csv:3: expected a rating from 1 to 5, came 'nan'"),
        ("b,4,1_1,valid", r"r\.csv:3: expected the split of the corpus for b, train, came 'valid'"),
        ("b,4", r"r\.csv:3: expected conv_id, rating and split, came too few columns"),
        (",4,1_1,train", r"r\.csv:3: expected conv_id, rating and split, came an empty conv_id"),
    ],
)
def test_broken_ratings(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        label_with_human_ratings(make_corpus(), write(tmp_path / "r.csv", "a,5,1_1,train", line))


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"r\.csv: expected a CSV of ratings, came No such file"):
        label_with_human_ratings(make_corpus(), str(tmp_path / "r.csv"))
    (tmp_path / "r.csv").write_text("conv_id,score\na,5\n")
    with pytest.raises(
        UserError, match=r"r\.csv:1: expected the columns conv_id, rating, split, missing rating, split"
    ):
        label_with_human_ratings(make_corpus(), str(tmp_path / "r.csv"))
    with pytest.raises(UserError, match="expected ratings for invented, came 1 of others"):
        label_with_human_ratings(make_corpus(), write(tmp_path / "r.csv", "x,5,1_1,train"))


@pytest.mark.skipif(not (REAL / "human_ratings").is_dir(), reason="data/human_ratings is not here")
def test_real_ratings() -> None:
    ratings = str(REAL / "human_ratings" / "dialogues_1to5.csv")
    exclude = read_exclude_ids(str(REAL / "reserved_ids.json"), "empatheticdialogues")
    read = read_empatheticdialogues(str(REAL / "empatheticdialogues"), exclude, strict=True)
    labelled = label_with_human_ratings(read, ratings)
    noted = labelled.report.noted
    assert noted["train"]["dialogues_labelled"] + noted["valid"]["dialogues_labelled"] == 5861 + 864
    assert noted["corpus"]["ratings_of_dialogues_not_kept"] == 6997 - 5861 - 864
    for split in SPLITS:
        table = labelled.examples[split]
        assert [value is None for value in table["empathy"]] == [source == "" for source in table["label_source"]]
        assert table["example_id"][:] == read.examples[split]["example_id"][:]
