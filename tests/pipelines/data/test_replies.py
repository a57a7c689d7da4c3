"""One's own rated replies as a corpus."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.data.dialogue import EMOTION_IDS
from pipelines.data.replies import FEWEST, read_replies
from pipelines.errors import UserError
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.results import Score


def rows(conversations: int = 40) -> list[dict[str, Any]]:
    """Two rated replies in each conversation."""
    return [
        {
            "conv_id": f"c{k}",
            "context": f"I lost job number {k}.",
            "response": f"Oh no, reply {k} of {way}.",
            "empathy": 1 + (k + way) % 5,
            "emotion": "sad" if k % 2 else "angry",
        }
        for k in range(conversations)
        for way in range(2)
    ]


def write(folder: Path, given: list[dict[str, Any]], name: str = "own.csv") -> str:
    frame = pd.DataFrame(given)
    if name.endswith(".csv"):
        frame.to_csv(folder / name, index=False)
    else:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in given))
    return str(folder / name)


@pytest.mark.parametrize("name", ["own.csv", "own.jsonl"])
def test_every_reply_is_an_example_and_a_conversation_is_in_one_split(tmp_path: Path, name: str) -> None:
    corpus = read_replies(write(tmp_path, rows(), name), frozenset(), False)
    found = {split: corpus.examples[split].to_list() for split in ("train", "valid", "test")}
    assert sum(map(len, found.values())) == 80
    assert {split: len({row["conv_id"] for row in of_split}) for split, of_split in found.items()} == {
        "train": 31,
        "valid": 3,
        "test": 6,
    }
    names = [{row["conv_id"] for row in of_split} for of_split in found.values()]
    assert not names[0] & names[1] and not names[0] & names[2] and not names[1] & names[2]
    one = next(row for row in found["train"] if row["conv_id"] == found["train"][0]["conv_id"])
    k = int(one["conv_id"][1:])
    assert one["dialogue_context"] == [{"role": "speaker", "text": f"I lost job number {k}."}]
    assert one["emotion"] == EMOTION_IDS["sad" if k % 2 else "angry"]
    assert len({row["example_id"] for of_split in found.values() for row in of_split}) == 80


def test_without_conversations_a_context_is_in_one_split(tmp_path: Path) -> None:
    given = [{key: value for key, value in row.items() if key != "conv_id"} for row in rows()]
    corpus = read_replies(write(tmp_path, given), frozenset(), False)
    by_context: dict[str, set[str]] = {}
    for split in ("train", "valid", "test"):
        for row in corpus.examples[split].to_list():
            by_context.setdefault(row["dialogue_context"][0]["text"], set()).add(split)
    assert len(by_context) == 40
    assert {len(splits) for splits in by_context.values()} == {1}


def test_turns_and_other_names_of_columns(tmp_path: Path) -> None:
    given = [
        {
            "dialogue_id": row["conv_id"],
            "context": [{"role": "user", "content": "Hi."}, {"role": "user", "content": row["context"]}],
            "response": row["response"],
            "Rating": row["empathy"],
            "emotion": row["emotion"],
        }
        for row in rows()
    ]
    corpus = read_replies(write(tmp_path, given, "own.jsonl"), frozenset(), False)
    first = corpus.examples["train"][0]
    assert [turn["text"] for turn in first["dialogue_context"]] == [
        "Hi.",
        f"I lost job number {first['conv_id'][1:]}.",
    ]


def test_emotions_that_are_not_given_are_the_scorer_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake:
        def score_rows(self, given: list[Any]) -> list[Score]:
            return [type("S", (), {"emotion": "proud"})() for _ in given]

    monkeypatch.setattr(EmpathyScorer, "from_pretrained", lambda *_: Fake())
    given = [{key: value for key, value in row.items() if key != "emotion"} for row in rows()]
    corpus = read_replies(write(tmp_path, given), frozenset(), False)
    assert set(corpus.examples["train"]["emotion"]) == {EMOTION_IDS["proud"]}
    assert "emotions by the released scorer 80" in " ".join(corpus.report.lines())


def test_what_cannot_be_used_is_counted_or_with_strict_refused(tmp_path: Path) -> None:
    given = rows()
    given[3]["empathy"], given[5]["response"], given[7]["context"], given[9]["emotion"] = None, "nan", "", "joy"
    path = write(tmp_path, given)
    corpus = read_replies(path, frozenset(), False)
    assert sum(len(table) for table in corpus.examples.values()) == 76
    assert "rows unusable 4" in " ".join(corpus.report.lines())
    with pytest.raises(UserError, match=r"own\.csv:5: empathy: expected a number from 1 to 5, got ''"):
        read_replies(path, frozenset(), True)


def test_excluded_conversations(tmp_path: Path) -> None:
    corpus = read_replies(write(tmp_path, rows()), frozenset({"c1", "c2", "gone"}), False)
    assert sum(len(table) for table in corpus.examples.values()) == 76
    assert "exclude ids not in corpus 1" in " ".join(corpus.report.lines())


def test_what_is_no_file_of_rated_replies(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.path: expected a file of rated replies for replies, got none; give a"):
        read_replies(None, frozenset(), False)
    unrated = [{"context": "a", "response": "b", "stars": 1}]
    with pytest.raises(UserError, match="expected a column empathy, rating, score, got context, response, stars"):
        read_replies(write(tmp_path, unrated), frozenset(), False)
    with pytest.raises(UserError, match=f"expected at least {FEWEST} rated replies in several conversations, got 8"):
        read_replies(write(tmp_path, rows(4)), frozenset(), False)
    high = [row | {"empathy": 7} for row in rows()]
    with pytest.raises(UserError, match=r"own\.csv:2: empathy: expected a number from 1 to 5, got 7.*; bring another"):
        read_replies(write(tmp_path, high), frozenset(), False)
