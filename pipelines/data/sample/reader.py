"""The sample corpus: a context and five responses a line, each with a score by the rubric of README.md."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from datasets import DatasetDict

from pipelines.data.corpus import Corpus, ReaderReport
from pipelines.data.dialogue import EMOTION_IDS, LISTENER, SPEAKER, SPLITS
from pipelines.data.exclude import note_excluded
from pipelines.data.features import example_dataset
from pipelines.data.text_files import decode_lines, shorten
from pipelines.errors import UserError

NAME = "sample"
DIALOGUE_KEYS = {"conv_id", "emotion", "situation", "dialogue_context", "responses"}
TURN_KEYS = {"role", "text"}
RESPONSE_KEYS = {"text", "empathy", "kind"}
RESPONSES = 5
# The rubric's span of scores for each kind of response, on the scale from 1 to 5 in half points.
RUBRIC = {
    "attuned": (4.5, 5.0),
    "supportive": (3.5, 4.0),
    "plain": (2.5, 3.0),
    "self_focused": (1.5, 2.5),
    "advice": (1.5, 2.5),
    "flat": (1.5, 2.5),
    "dismissive": (1.0, 1.5),
    "context_miss": (1.0, 1.5),
}
SPLIT_OF_NUMBER = {
    number: split for split, span in zip(SPLITS, (range(1, 7), (7, 8), (9, 10)), strict=True) for number in span
}
FIX = "correct the line; the form is described in pipelines/data/sample/README.md"


def read_sample(path: str | None, exclude: frozenset[str], strict: bool) -> Corpus:
    """Read the sample corpus; each of the five responses to a context is an example, `label_source` "rubric:<kind>".

    Args:
        path: a folder of <emotion>.jsonl files; None for the ones that come with the package.
        exclude: conv_ids to leave out of every split.
        strict: for the signature that readers share; these files are always checked strictly.

    Raises:
        UserError: there are no files, or a line is not of the form that README.md describes.
    """
    folder: Traversable = Path(path) if path is not None else files("pipelines.data.sample").joinpath("dialogues")
    report = ReaderReport(NAME)
    rows: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    found: set[str] = set()
    for dialogue in _read_folder(folder):
        split = _split_of(dialogue["conv_id"])
        found.add(dialogue["conv_id"])
        if dialogue["conv_id"] in exclude:
            report.drop(split, "dialogues_excluded_id")
            report.drop(split, "examples_excluded_id", RESPONSES)
        else:
            rows[split].extend(_examples(split, dialogue))
    note_excluded(report, exclude, found)
    examples = DatasetDict({split: example_dataset(rows[split]) for split in SPLITS})
    report.count_kept(examples)
    return Corpus(NAME, examples, report)


def _read_folder(folder: Traversable) -> Iterator[dict[str, Any]]:
    names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    names = [name for name in names if name.endswith(".jsonl")]
    if not names:
        raise UserError(
            f"{folder}: expected a folder of <emotion>.jsonl files, came none; leave the path out for our own"
        )
    for name in names:
        file = folder.joinpath(name)
        seen: set[str] = set()
        for number, line in enumerate(decode_lines(str(file), file.read_bytes(), FIX), start=1):
            if not line:
                continue
            try:
                dialogue = json.loads(line)
                check_dialogue(dialogue, name.removesuffix(".jsonl"))
                if dialogue["conv_id"] in seen:
                    raise ValueError(f"expected each conv_id once, came {dialogue['conv_id']} again")
            except ValueError as error:
                message = f"expected JSON, came {error}" if isinstance(error, json.JSONDecodeError) else str(error)
                raise UserError(f"{file}:{number}: {message}; {FIX}") from error
            seen.add(dialogue["conv_id"])
            yield dialogue


def check_dialogue(dialogue: Any, emotion: str) -> None:
    """Check one line of <emotion>.jsonl; a ValueError says what was expected and what came."""
    _check_keys(dialogue, DIALOGUE_KEYS, "a dialogue")
    if emotion not in EMOTION_IDS:
        _fail("a file named after one of the 32 emotions", emotion)
    if dialogue["emotion"] != emotion:
        _fail(f'"emotion": "{emotion}" as the file is named', dialogue["emotion"])
    if not re.fullmatch(rf"sample:{emotion}-(0[1-9]|10)", str(dialogue["conv_id"])):
        _fail(f'"conv_id" from sample:{emotion}-01 to -10', dialogue["conv_id"])
    _check_text(dialogue["situation"], "situation")
    _check_context(dialogue["dialogue_context"])
    _check_responses(dialogue["responses"])


def _check_context(turns: Any) -> None:
    if not isinstance(turns, list) or len(turns) % 2 == 0:
        _fail('an odd number of turns in "dialogue_context"', turns)
    for index, turn in enumerate(turns):
        _check_keys(turn, TURN_KEYS, "a turn")
        role = LISTENER if index % 2 else SPEAKER
        if turn["role"] != role:
            _fail(f"roles that alternate from speaker to speaker, {role} in turn {index + 1}", turn["role"])
        _check_text(turn["text"], f"turn {index + 1}")


def _check_responses(responses: Any) -> None:
    if not isinstance(responses, list) or len(responses) != RESPONSES:
        _fail(f"{RESPONSES} responses", len(responses) if isinstance(responses, list) else responses)
    for index, response in enumerate(responses, start=1):
        _check_keys(response, RESPONSE_KEYS, "a response")
        _check_text(response["text"], f"response {index}")
        kind, score = response["kind"], response["empathy"]
        if kind not in RUBRIC:
            _fail(f"one of the kinds {', '.join(RUBRIC)} in response {index}", kind)
        lowest, highest = RUBRIC[kind]
        if isinstance(score, bool) or not isinstance(score, int | float):
            _fail(f"a number as the score of response {index}", score)
        if not (lowest <= score <= highest and float(2 * score).is_integer()):
            _fail(f"a score from {lowest} to {highest} in half points for {kind} (response {index})", score)
    texts = [response["text"] for response in responses]
    if len(set(texts)) < RESPONSES:
        _fail("five different responses", next(text for text in texts if texts.count(text) > 1))


def _check_keys(value: Any, keys: set[str], what: str) -> None:
    if not isinstance(value, dict) or value.keys() != keys:
        _fail(f"{what} with exactly the keys {sorted(keys)}", sorted(value) if isinstance(value, dict) else value)


def _check_text(value: Any, what: str) -> None:
    if not isinstance(value, str) or not value.strip() or value != value.strip() or "\n" in value:
        _fail(f"one line of text without space around it as {what}", value)


def _fail(expected: str, came: Any) -> None:
    raise ValueError(f"expected {expected}, came {shorten(came) if isinstance(came, str) else came}")


def _split_of(conv_id: str) -> str:
    return SPLIT_OF_NUMBER[int(conv_id.rpartition("-")[2])]


def _examples(split: str, dialogue: dict[str, Any]) -> Iterator[dict[str, Any]]:
    turn = len(dialogue["dialogue_context"]) + 1
    for number, response in enumerate(dialogue["responses"], start=1):
        yield {
            "example_id": f"{dialogue['conv_id']}/{turn}-{number}",
            "conv_id": dialogue["conv_id"],
            "turn": turn,
            "split": split,
            "situation": dialogue["situation"],
            "dialogue_context": dialogue["dialogue_context"],
            "response": response["text"],
            "emotion": EMOTION_IDS[dialogue["emotion"]],
            "empathy": float(response["empathy"]),
            "label_source": f"rubric:{response['kind']}",
        }
