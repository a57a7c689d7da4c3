"""Readers of the human sets: what is kept, as which examples, and what is dropped."""

import csv
from pathlib import Path

import numpy as np
import pytest

from pipelines.data.corpus import Corpus
from pipelines.data.empatheticdialogues import read_empatheticdialogues
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.features import EXAMPLE_FEATURES
from pipelines.errors import UserError
from pipelines.evaluation.human_sets import RESPONSE_COLUMNS, read_dialogue_set, read_response_set

REAL = Path(__file__).parents[3] / "data"
NOTHING: frozenset[str] = frozenset()


@pytest.fixture
def corpus(tiny_corpus: str) -> Corpus:
    return read_empatheticdialogues(tiny_corpus, NOTHING, strict=True)


def write_responses(path: Path, *rows: tuple[str, ...]) -> str:
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([RESPONSE_COLUMNS, *rows])
    return str(path)


CAT = "Our cat died last week."
ROWS = (
    ("hit:1_conv:2", "r1", "sad", "Our old cat died.", CAT, "human", " cats  die. ", "1"),
    ("hit:1_conv:2", "r2", "sad", "Our old cat died.", CAT, "chatgpt", "I am so sorry.", "3"),
    ("hit:2_conv:3", "r1", "angry", "", "They towed\nmy van!", "human", "Oh no, did they?", "2"),
    ("hit:2_conv:4", "r2", "other", "", "I heard steps.", "human", "Buy a lamp.", "2"),
)


def test_a_rated_dialogue_is_all_its_listener_turns(corpus: Corpus, tiny_ratings: str) -> None:
    found = read_dialogue_set(tiny_ratings, corpus, "train", frozenset({"hit:2_conv:4"}))
    assert (found.name, found.part, found.scale) == ("dialogues", "split train", (1, 5))
    assert [item.conv_id for item in found.items] == ["hit:1_conv:1", "hit:1_conv:2", "hit:2_conv:3", "hit:3_conv:6"]
    assert found.dropped == {"other_split": 3, "reserved": 1}
    first = found.items[0]
    assert (first.rating, first.rater, first.item_id) == (5.0, "1_1", "hit:1_conv:1")
    assert [example["example_id"] for example in first.examples] == ["hit:1_conv:1/2", "hit:1_conv:1/4"]
    assert first.corpus_ids == ("hit:1_conv:1/2", "hit:1_conv:1/4")
    assert first.words == 10 + 9
    assert found.words[0] == first.words
    assert found.ratings.tolist() == [5, 3, 4, 2]
    assert found.raters.tolist() == ["1_1"] * 4
    assert len(found.examples()) == 7


def test_ratings_of_dialogues_that_the_corpus_lacks_are_counted(corpus: Corpus, tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text("conv_id,rating,batch,split\nhit:4_conv:7,4,s,valid\ngone,4,s,valid\n")
    assert read_dialogue_set(str(file), corpus, "valid", NOTHING).dropped == {"not_in_corpus": 1}


def test_scores_of_turns_become_the_mean_of_a_dialogue(corpus: Corpus, tiny_ratings: str) -> None:
    found = read_dialogue_set(tiny_ratings, corpus, "train", NOTHING)
    scores = {"hit:1_conv:1/2": 2.0, "hit:1_conv:1/4": 5.0, "hit:1_conv:2/2": np.nan, "hit:1_conv:2/4": 1.0}
    scores |= {"hit:2_conv:3/2": np.nan}
    for means in (found.mean_scores(scores), found.mean_signals(scores)):
        assert means[:2].tolist() == [3.5, 1.0]
        assert np.isnan(means[2:]).all()


def test_a_rated_response_is_one_row_with_every_column(corpus: Corpus, tmp_path: Path) -> None:
    path = write_responses(tmp_path / "dev.csv", *ROWS)
    found = read_response_set(path, corpus, "human", frozenset({"hit:2_conv:4"}))
    assert (found.name, found.part, found.scale) == ("responses", "source human", (1, 3))
    assert found.dropped == {"other_source": 1, "reserved": 1}
    assert found.noted == {"not_matched_to_corpus": 1}
    assert found.ratings.tolist() == [1, 2]
    matched, unmatched = found.items
    assert matched.corpus_ids == ("hit:1_conv:2/2",)  # white space and letter case aside
    assert unmatched.corpus_ids == (None,)
    row = unmatched.examples[0]
    assert list(row) == list(EXAMPLE_FEATURES)
    assert row["example_id"] == "responses:hit:2_conv:3/human"
    assert row["dialogue_context"] == [{"role": "speaker", "text": "They towed my van!"}]
    assert (row["response"], row["situation"], row["split"], row["emotion"]) == ("Oh no, did they?", "", "", 1)
    assert matched.examples[0]["response"] == "cats die."
    signals = {"hit:1_conv:2/2": 4.0}
    assert found.mean_signals(signals)[0] == 4.0
    assert np.isnan(found.mean_signals(signals)[1])
    assert np.isnan(found.mean_scores(signals)).all()  # a scorer scores the row itself


def test_another_source_can_be_asked_for(corpus: Corpus, tmp_path: Path) -> None:
    found = read_response_set(write_responses(tmp_path / "dev.csv", *ROWS), corpus, "chatgpt", NOTHING)
    assert [item.examples[0]["example_id"] for item in found.items] == ["responses:hit:1_conv:2/chatgpt"]
    unknown = read_response_set(write_responses(tmp_path / "dev.csv", *ROWS), corpus, "human", NOTHING).items[2]
    assert unknown.examples[0]["emotion"] is None  # "other" is none of the 32


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "conv_id,rating,split\nhit:4_conv:7,4,valid\n",
            r"r\.csv:2: expected the rater's sheet in the column batch, came",
        ),
        (
            "conv_id,rating,batch,split\nhit:4_conv:7,4.5,s,valid\n",
            r"r\.csv:2: expected a whole rating, came 4.5; correct",
        ),
        (
            "conv_id,rating,batch,split\nhit:1_conv:1,4,s,valid\n",
            r"r\.csv:2: expected the split of the corpus for hit:1_conv:1, train, came 'valid'",
        ),
        (
            "conv_id,rating,batch,split\nhit:1_conv:1,4,s,train\n",
            r"expected ratings of dialogues of the split 'valid' that are in empatheticdialogues, came none "
            r"\(other split 1\); the file's splits: train",
        ),
        ("conv_id,rating,batch,split\nhit:4_conv:7,6,s,valid\n", r"r\.csv:2: expected a rating from 1 to 5, came '6'"),
    ],
)
def test_dialogue_ratings_that_do_not_fit(corpus: Corpus, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read_dialogue_set(str(tmp_path / "r.csv"), corpus, "valid", NOTHING)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            ("a", "r", "sad", "", "x", "human", "y", "4"),
            r"dev\.csv:2: expected a rating of 1, 2 or 3, came '4'; correct",
        ),
        (
            ("a", "r", "sad", "", "x", "human", " ", "3"),
            r"dev\.csv:2: expected every column filled, came an empty response",
        ),
        (("a", "r", "sad", "", "x", "human"), r"dev\.csv:2: expected every column filled, came an empty response"),
        (
            ("a", "r", "sad", "", "x", "bot", "y", "3"),
            r"expected ratings of responses with the source 'human', came none \(other source 1\); the file's sources:",
        ),
    ],
)
def test_responses_that_do_not_fit(corpus: Corpus, tmp_path: Path, row: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_response_set(write_responses(tmp_path / "dev.csv", row), corpus, "human", NOTHING)


def test_responses_without_their_columns(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "dev.csv").write_text("dialog_id,rating\na,1\n")
    with pytest.raises(UserError, match=r"dev\.csv:1: expected the columns dialog_id, .*, missing annotator, emotion"):
        read_response_set(str(tmp_path / "dev.csv"), corpus, "human", NOTHING)
    with pytest.raises(UserError, match=r"none\.csv: expected a CSV of rated responses, came No such file"):
        read_response_set(str(tmp_path / "none.csv"), corpus, "human", NOTHING)


@pytest.mark.skipif(not (REAL / "human_ratings").is_dir(), reason="data/human_ratings is not here")
def test_the_real_sets() -> None:
    reserved = read_exclude_ids(str(REAL / "reserved_ids.json"), "empatheticdialogues")
    corpus = read_empatheticdialogues(str(REAL / "empatheticdialogues"), reserved, strict=True)
    dialogues = read_dialogue_set(str(REAL / "human_ratings" / "dialogues_1to5.csv"), corpus, "valid", reserved)
    assert (len(dialogues.items), len(dialogues.examples())) == (864, 1786)
    assert dialogues.dropped == {"other_split": 6092, "reserved": 41}
    assert len(set(dialogues.raters)) == 20
    responses = read_response_set(str(REAL / "human_ratings" / "dev.csv"), corpus, "human", reserved)
    assert len(responses.items) == len(responses.examples()) == 1005
    assert responses.dropped == {"other_source": 2014, "reserved": 2}
    assert responses.noted == {}  # every human response is its dialogue's first listener turn
    assert len(set(responses.raters)) == 200
    assert not reserved & {item.conv_id for human in (dialogues, responses) for item in human.items}
