"""Reader of the sample corpus, and a check of every line of the packaged one."""

import copy
import json
from collections import defaultdict
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest
from scipy.stats import spearmanr

from pipelines.data.dialogue import EMOTIONS, SPLITS
from pipelines.data.features import EXAMPLE_FEATURES
from pipelines.data.sample.reader import RUBRIC, read_sample
from pipelines.errors import UserError

KINDS = [("attuned", 4.5), ("supportive", 4), ("plain", 2.5), ("advice", 2), ("context_miss", 1)]


def dialogue(number: int, turns: int = 1) -> dict[str, Any]:
    roles = ["listener" if index % 2 else "speaker" for index in range(turns)]
    return {
        "conv_id": f"sample:sad-{number:02d}",
        "emotion": "sad",
        "situation": "The tree came down.",
        "dialogue_context": [{"role": role, "text": f"Turn {index}."} for index, role in enumerate(roles)],
        "responses": [{"text": f"A {kind} answer.", "empathy": score, "kind": kind} for kind, score in KINDS],
    }


def write(folder: Path, *dialogues: Any) -> str:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in dialogues]
    (folder / "sad.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder)


def test_examples_splits_and_exclusion(tmp_path: Path) -> None:
    path = write(tmp_path, *(dialogue(number, turns=3 if number == 7 else 1) for number in range(1, 11)))
    corpus = read_sample(path, frozenset({"sample:sad-01", "sample:sad-10"}), False)
    conv_ids = {split: sorted(set(corpus.examples[split]["conv_id"])) for split in SPLITS}
    assert conv_ids == {
        "train": [f"sample:sad-{number:02d}" for number in range(2, 7)],
        "valid": ["sample:sad-07", "sample:sad-08"],
        "test": ["sample:sad-09"],
    }
    assert corpus.examples["valid"].features == EXAMPLE_FEATURES
    assert corpus.examples["valid"][3] == {
        "example_id": "sample:sad-07/4-4",
        "conv_id": "sample:sad-07",
        "turn": 4,
        "split": "valid",
        "situation": "The tree came down.",
        "dialogue_context": [
            {"role": "speaker", "text": "Turn 0."},
            {"role": "listener", "text": "Turn 1."},
            {"role": "speaker", "text": "Turn 2."},
        ],
        "response": "A advice answer.",
        "emotion": EMOTIONS.index("sad"),
        "empathy": 2.0,
        "label_source": "rubric:advice",
    }
    assert corpus.report.dropped["train"] == {"dialogues_excluded_id": 1, "examples_excluded_id": 5}
    assert corpus.report.noted["corpus"] == {"exclude_ids_given": 2}
    assert corpus.report.kept["test"] == {"dialogues": 1, "examples": 5}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return a dialogue with the value at `path`, keys and numbers parted by dots, replaced."""
    whole: Any = copy.deepcopy(dialogue(2))
    *inner, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place = whole
    for key in inner:
        place = place[key]
    place[last] = value
    return whole


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"conv_id": ', "expected JSON, came Expecting value"),
        ("[]", "expected a dialogue with exactly the keys"),
        (changed("mood", "sad"), r"expected a dialogue with exactly the keys .* came \['conv_id', .*'mood'"),
        (changed("emotion", "proud"), 'expected "emotion": "sad" as the file is named, came \'proud\''),
        (changed("conv_id", "sample:sad-11"), 'expected "conv_id" from sample:sad-01 to -10'),
        (changed("conv_id", "sample:sad-01"), "expected each conv_id once, came sample:sad-01 again"),
        (changed("situation", " "), "expected one line of text without space around it as situation"),
        (changed("dialogue_context", []), "expected an odd number of turns"),
        (changed("dialogue_context.0.role", "listener"), "expected roles that alternate .* speaker in turn 1"),
        (changed("dialogue_context.0.text", ""), "expected one line of text .* as turn 1, came ''"),
        (changed("dialogue_context.0.mood", ""), "expected a turn with exactly the keys"),
        (changed("responses", []), "expected 5 responses, came 0"),
        (changed("responses.1.kind", "kind"), "expected one of the kinds attuned, .* in response 2, came 'kind'"),
        (changed("responses.1.empathy", "4"), "expected a number as the score of response 2, came '4'"),
        (changed("responses.1.empathy", 5.5), r"expected a score from 3\.5 to 4\.0 .* for supportive \(response 2\)"),
        (changed("responses.1.empathy", 3.75), "expected .* in half points for supportive .* came 3.75"),
        (changed("responses.1.text", "A plain answer."), "expected five different responses, came 'A plain answer.'"),
    ],
)
def test_a_line_of_another_form_is_named(tmp_path: Path, line: Any, message: str) -> None:
    path = write(tmp_path, dialogue(1), line)
    with pytest.raises(UserError, match=r"sad\.jsonl:2: " + message + ".*; correct the line"):
        read_sample(path, frozenset(), False)


def test_folders_without_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected a folder of <emotion>\.jsonl files, came none; leave the path out"):
        read_sample(str(tmp_path), frozenset(), False)
    with pytest.raises(UserError, match=r"expected a folder of <emotion>\.jsonl files"):
        read_sample(str(tmp_path / "nowhere"), frozenset(), False)
    (tmp_path / "glad.jsonl").write_text(json.dumps(dialogue(1)) + "\n")
    with pytest.raises(
        UserError, match=r"glad\.jsonl:1: expected a file named after one of the 32 emotions, came 'glad'"
    ):
        read_sample(str(tmp_path), frozenset(), False)


def test_the_packaged_corpus_is_whole_and_length_does_not_give_the_score_away() -> None:
    corpus = read_sample(None, frozenset(), True)
    rows = [row for split in SPLITS for row in corpus.examples[split].to_list()]
    dialogues = defaultdict(list)
    for row in rows:
        dialogues[row["conv_id"]].append(row)
    per_emotion = [row[0]["emotion"] for row in dialogues.values()]
    assert {emotion: per_emotion.count(emotion) for emotion in range(32)} == dict.fromkeys(range(32), 10)
    assert corpus.report.kept == {
        "train": {"dialogues": 192, "examples": 960},
        "valid": {"dialogues": 64, "examples": 320},
        "test": {"dialogues": 64, "examples": 320},
    }
    contexts = [[turn["text"] for turn in row[0]["dialogue_context"]] for row in dialogues.values()]
    assert len({tuple(context) for context in contexts}) == 320
    assert {turns: [len(context) for context in contexts].count(turns) for turns in (1, 3, 5)} == {
        1: 160,
        3: 128,
        5: 32,
    }

    by_kind, splits_of = defaultdict(list), defaultdict(set)
    for row in rows:
        by_kind[row["label_source"].removeprefix("rubric:")].append(row)
        splits_of[row["response"]].add(row["split"])
    assert by_kind.keys() == RUBRIC.keys()
    for kind in RUBRIC:
        words = [len(row["response"].split()) for row in by_kind[kind]]
        score = mean(row["empathy"] for row in by_kind[kind])
        spread = f"{median(words):.0f} ({min(words)} to {max(words)})"
        print(f"{kind:13} n {len(words):4}, mean score {score:.2f}, words {spread}")
    attuned = {row["response"] for row in by_kind["attuned"]}
    reused = sum(row["response"] in attuned for row in by_kind["context_miss"])
    assert reused > 0
    print(f"context_miss answers that are attuned elsewhere: {reused}")
    print(f"answers in more than one split: {sum(len(splits) > 1 for splits in splits_of.values())}")

    rho = spearmanr([len(row["response"].split()) for row in rows], [row["empathy"] for row in rows]).statistic
    print(f"Spearman of words in the response with its score: {rho:.2f}")
    assert abs(rho) < 0.35
    for conv_id, responses in dialogues.items():
        kinds = [row["label_source"] for row in responses]
        assert {"rubric:attuned", "rubric:context_miss"} <= set(kinds), conv_id
        assert len({row["empathy"] for row in responses}) >= 4, conv_id
