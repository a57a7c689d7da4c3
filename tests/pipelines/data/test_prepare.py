"""From data settings to examples: turns, splits, labels, and the fingerprint of it all."""

import hashlib
import shutil
from collections import Counter
from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict

from pipelines.data.corpus import Corpus
from pipelines.data.empatheticdialogues import read_empatheticdialogues
from pipelines.data.prepare import (
    dialogue_hash,
    eligible,
    fingerprint,
    labelled,
    limit_dialogues,
    prepare_corpus,
    stage_examples,
)
from pipelines.data.sample.reader import read_sample
from pipelines.errors import UserError
from pipelines.training.configuration import AugmentationSettings, DataSettings


@pytest.fixture(scope="module")
def sample() -> Corpus:
    return read_sample(None, frozenset(), True)


def ids(examples: Dataset) -> list[str]:
    return list(examples["example_id"])


def with_column(examples: Dataset, name: str, values: list[object]) -> Dataset:
    feature = examples.features[name]
    return examples.remove_columns(name).add_column(name, values, feature=feature).select_columns(examples.column_names)


@pytest.mark.parametrize(
    ("turns", "train"),
    [
        ("all", ["1/2", "1/4", "2/2", "2/4", "3/2", "4/2", "4/4", "5/2", "6/2", "6/4"]),
        ("first", ["1/2", "2/2", "3/2", "4/2", "5/2", "6/2"]),
        ("last", ["1/4", "2/4", "3/2", "4/4", "5/2", "6/4"]),
    ],
)
def test_turns(turns: str, train: list[str], tiny_corpus: str) -> None:
    corpus = prepare_corpus(DataSettings(path=tiny_corpus, turns=turns))
    assert [one.split("conv:")[1] for one in ids(corpus.examples["train"])] == train
    assert corpus.report.kept["train"] == {"dialogues": 6, "examples": len(train)}
    if turns == "last":
        assert corpus.examples["test"][0]["response"] == "Then drink tea."
        assert len(corpus.examples["test"][0]["dialogue_context"]) == 3


@pytest.mark.parametrize("turns", ["first", "last"])
def test_a_turn_with_several_responses_keeps_them_all(turns: str, sample: Corpus) -> None:
    chosen = prepare_corpus(DataSettings(corpus="sample", turns=turns)).examples["train"]
    before = sample.examples["train"]
    turn_of: dict[str, int] = {}
    for conv_id, turn in zip(before["conv_id"], before["turn"], strict=True):
        turn_of[conv_id] = (min if turns == "first" else max)(turn, turn_of.get(conv_id, turn))
    pairs = zip(before["conv_id"], before["turn"], strict=True)
    assert len(chosen) == sum(turn_of[conv_id] == turn for conv_id, turn in pairs)
    assert set(chosen["conv_id"]) == set(before["conv_id"])
    assert min(Counter(chosen["conv_id"]).values()) > 1


def test_valid_as_test_holds_out_training_dialogues(sample: Corpus) -> None:
    arranged = prepare_corpus(DataSettings(corpus="sample", test_split="valid")).examples
    conv_ids = {split: set(arranged[split]["conv_id"]) for split in arranged}
    assert not conv_ids["train"] & conv_ids["valid"]
    assert not (conv_ids["train"] | conv_ids["valid"]) & conv_ids["test"]
    assert ids(arranged["test"]) == ids(sample.examples["valid"])
    assert sorted(ids(arranged["train"]) + ids(arranged["valid"])) == sorted(ids(sample.examples["train"]))
    by_hand = {
        conv_id
        for conv_id in sample.examples["train"]["conv_id"]
        if int(hashlib.sha256(conv_id.encode()).hexdigest()[:16], 16) % 10 == 0
    }
    assert conv_ids["valid"] == by_hand
    assert 0.04 < len(by_hand) / len(conv_ids["train"] | by_hand) < 0.18
    prepare_corpus.cache_clear()
    again = prepare_corpus(DataSettings(corpus="sample", test_split="valid")).examples
    assert {split: ids(again[split]) for split in again} == {split: ids(arranged[split]) for split in arranged}


def test_dialogue_hash_is_the_same_everywhere() -> None:
    assert dialogue_hash("hit:1_conv:1") == int(hashlib.sha256(b"hit:1_conv:1").hexdigest()[:16], 16)
    assert dialogue_hash("hit:1_conv:1") != dialogue_hash("hit:1_conv:2")


def test_limit_takes_whole_dialogues_whatever_their_order(sample: Corpus) -> None:
    train = sample.examples["train"]
    assert limit_dialogues(train, None) is train
    assert ids(limit_dialogues(train, 10_000)) == ids(train)
    few = limit_dialogues(train, 7)
    assert len(set(few["conv_id"])) == 7
    by_hand = sorted(set(train["conv_id"]), key=lambda one: hashlib.sha256(one.encode()).hexdigest())[:7]
    assert set(few["conv_id"]) == set(by_hand)
    assert ids(few) == [one for one, conv in zip(train["example_id"], train["conv_id"], strict=True) if conv in by_hand]
    shuffled = limit_dialogues(train.shuffle(seed=1), 7)
    assert sorted(ids(shuffled)) == sorted(ids(few))
    assert set(ids(few)) < set(ids(limit_dialogues(train, 12)))


def test_labelled_and_eligible(tiny_corpus: str, tiny_ratings: str) -> None:
    settings = DataSettings(path=tiny_corpus, labels="human_ratings", labels_path=tiny_ratings)
    train = prepare_corpus(settings).examples["train"]
    assert len(train) == 10
    scored = labelled(train)
    assert "hit:3_conv:5/2" in ids(train)
    assert "hit:3_conv:5/2" not in ids(scored)
    assert scored["empathy"][:] == [5, 5, 3, 3, 4, 1, 1, 2, 2]
    assert ids(eligible(train, needs_empathy=True)) == ids(scored)
    assert ids(eligible(train, needs_empathy=False)) == ids(train)


def test_stage_examples_limit_training_alone(tiny_corpus: str, tiny_ratings: str) -> None:
    corpus = prepare_corpus(DataSettings(path=tiny_corpus, labels="human_ratings", labels_path=tiny_ratings))
    train = corpus.examples["train"]
    assert ids(stage_examples(corpus, "train", True, 2)) == ids(limit_dialogues(labelled(train), 2))
    assert len(set(stage_examples(corpus, "train", False, None)["conv_id"])) == 6
    assert ids(stage_examples(corpus, "valid", False, 1)) == ids(corpus.examples["valid"])
    assert ids(stage_examples(corpus, "valid", True, 1)) == ["hit:4_conv:7/2", "hit:4_conv:7/4"]


def test_situation_view_drops_and_counts_empty_situations(tiny_corpus: str, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_corpus, tmp_path / "corpus")
    text = (folder / "train.csv").read_text()
    (folder / "train.csv").write_text(text.replace("Our old cat died last week.", "."))
    kept = prepare_corpus(DataSettings(path=str(folder), context_view="situation"))
    assert len(kept.examples["train"]) == 8
    assert not [one for one in ids(kept.examples["train"]) if "conv:2/" in one]
    assert kept.report.dropped["train"]["examples_without_situation"] == 2
    assert "examples_without_situation" not in kept.report.dropped["valid"]
    assert kept.report.kept["train"] == {"dialogues": 5, "examples": 8}
    other = prepare_corpus(DataSettings(path=str(folder), context_view="speaker_turns"))
    assert len(other.examples["train"]) == 10
    assert "examples_without_situation" not in other.report.dropped["train"]


def test_excluded_ids_are_left_out_and_counted(tiny_corpus: str, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("hit:1_conv:1\nhit:9_conv:99\n")
    corpus = prepare_corpus(DataSettings(path=tiny_corpus, exclude_ids=str(tmp_path / "ids.txt")))
    assert corpus.report.kept["train"] == {"dialogues": 5, "examples": 8}
    assert corpus.report.dropped["train"] == {"dialogues_excluded_id": 1, "examples_excluded_id": 2}
    assert corpus.report.noted["corpus"]["exclude_ids_not_in_corpus"] == 1


def test_the_same_settings_are_read_once(tiny_corpus: str) -> None:
    prepare_corpus.cache_clear()
    first = prepare_corpus(DataSettings(path=tiny_corpus, turns="last"))
    assert prepare_corpus(DataSettings(path=tiny_corpus, turns="last")) is first
    assert prepare_corpus(DataSettings(path=tiny_corpus, turns="first")) is not first
    augmentation = AugmentationSettings("context", {"generic_reply": 0.5})
    twin = DataSettings(path=tiny_corpus, turns="last", seen="response", augmentation=augmentation)
    assert prepare_corpus(DataSettings(path=tiny_corpus, turns="last")) is prepare_corpus(twin), "the same examples"


def test_the_evaluated_splits_can_be_cut_by_dialogue(tiny_corpus: str) -> None:
    whole = prepare_corpus(DataSettings(path=tiny_corpus))
    cut = prepare_corpus(DataSettings(path=tiny_corpus, max_evaluated_dialogues=1))
    assert cut.examples["train"]["example_id"][:] == whole.examples["train"]["example_id"][:]
    for split in ("valid", "test"):
        assert len(set(cut.examples[split]["conv_id"])) == 1
        left_out = len(whole.examples[split]) - len(cut.examples[split])
        assert cut.report.dropped[split].get("examples_over_max_evaluated_dialogues", 0) == left_out


def test_unknown_names_are_refused(tiny_corpus: str, tiny_ratings: str) -> None:
    with pytest.raises(UserError, match=r"data\.corpus: expected one of .*, sample, replies, got 'ed'"):
        prepare_corpus(DataSettings(corpus="ed", path=tiny_corpus))
    with pytest.raises(UserError, match=r"data\.labels: expected one of human_ratings.*, got 'ratings'"):
        prepare_corpus(DataSettings(path=tiny_corpus, labels="ratings", labels_path=tiny_ratings))


def test_a_split_without_examples_is_refused(tiny_corpus: str, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_corpus, tmp_path / "corpus")
    (tmp_path / "ids.txt").write_text("hit:5_conv:9\nhit:5_conv:10\n")
    message = "data: expected examples in the test split of empatheticdialogues, none are left"
    with pytest.raises(UserError, match=message):
        prepare_corpus(DataSettings(path=str(folder), exclude_ids=str(tmp_path / "ids.txt")))


def test_fingerprint_is_stable_and_sees_texts_labels_ids_and_the_view(tiny_corpus: str) -> None:
    corpus = read_empatheticdialogues(tiny_corpus, frozenset(), True)
    again = read_empatheticdialogues(tiny_corpus, frozenset(), True)
    first = fingerprint(corpus, "speaker_turns")
    assert len(first) == 64
    assert first == fingerprint(again, "speaker_turns")
    # Pinned: runs of another day and machine are compared by it.
    assert first == "5d13b6cc675363ab6fd7b35c74604166d16207d2d0b6e98d1c75175dabae20fe"
    valid = corpus.examples["valid"]
    changes = {
        "response": ["How kind!", *valid["response"][1:]],
        "situation": [*valid["situation"][:-1], "Other."],
        "emotion": [0, *valid["emotion"][1:]],
        "empathy": [4.0, *valid["empathy"][1:]],
        "example_id": ["other/2", *valid["example_id"][1:]],
        "dialogue_context": [[], *valid["dialogue_context"][1:]],
    }
    found = {first, fingerprint(corpus, "situation")}
    for name, values in changes.items():
        changed = DatasetDict(corpus.examples | {"valid": with_column(valid, name, values)})
        found.add(fingerprint(Corpus(corpus.name, changed, corpus.report), "speaker_turns"))
    moved = DatasetDict(corpus.examples | {"valid": corpus.examples["test"], "test": valid})
    found.add(fingerprint(Corpus(corpus.name, moved, corpus.report), "speaker_turns"))
    assert len(found) == 3 + len(changes)
