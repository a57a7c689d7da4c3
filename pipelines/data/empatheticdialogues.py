"""EmpatheticDialogues (Rashkin et al. 2019, arXiv:1811.00207; CC BY-NC 4.0) from its CSVs, its archive, or the Hub.

The official CSVs have no quoting: a comma inside a text is written `_comma_`, and a quotation mark is a quotation mark.
Their columns `context` and `prompt` are called `emotion` and `situation` from here on.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from datasets import DatasetDict

from pipelines.data.corpus import Corpus, ReaderReport
from pipelines.data.dialogue import EMOTION_IDS, LISTENER, SPEAKER, SPLITS, clean_text, is_missing
from pipelines.data.empatheticdialogues_files import COLUMNS, FIX, NEEDED, SplitLines, open_corpus
from pipelines.data.exclude import note_excluded
from pipelines.data.features import example_dataset
from pipelines.data.text_files import shorten
from pipelines.errors import UserError

NAME = "empatheticdialogues"
# valid and test carry a ninth column, the retrieval candidates of the paper
EXPECTED_COLUMNS = {"train": len(COLUMNS), "valid": len(COLUMNS) + 1, "test": len(COLUMNS) + 1}

CONV_ID = re.compile(r"hit:\d+_conv:\d+")


class Row(NamedTuple):
    """A line of the CSV that parses, its texts as they stand."""

    conv_id: str
    utterance_idx: int
    emotion: str
    prompt: str
    speaker_idx: int
    utterance: str
    selfeval: str


@dataclass
class Turn:
    """What one side says until the other answers; `number` is the (first) utterance's, from 1."""

    number: int
    role: str
    text: str


@dataclass
class Dialogue:
    """A dialogue with clean texts; `selfeval` as it stands in the file ("" where absent)."""

    conv_id: str
    emotion: str
    situation: str
    turns: list[Turn]
    selfeval: str

    def listener_turns(self) -> int:
        """Count the turns of the listener, each of which is an example."""
        return sum(turn.role == LISTENER for turn in self.turns)


def read_empatheticdialogues(path: str | None, exclude: frozenset[str], strict: bool) -> Corpus:
    """Read the three splits; one example for each listener turn, in the order of the file.

    Args:
        path: a folder with train.csv, valid.csv and test.csv; a .tar, .tar.gz or .tgz of them; a folder of parquet
            files with the same columns; or "hub" for the Hub's parquet conversion.
        exclude: conv_ids to leave out of every split.
        strict: refuse a malformed row instead of dropping and counting it.

    Raises:
        UserError: the path, a split or a file is missing or unreadable, nothing usable is in a split, or (strict) a row
            is malformed.
    """
    report = ReaderReport(NAME)
    read = read_dialogues(path, report, strict)
    kept = _select(read, exclude, report)
    examples = DatasetDict({split: example_dataset(_examples(split, kept[split])) for split in SPLITS})
    report.count_kept(examples)
    if not any(len(rows) for rows in examples.values()):
        raise UserError(f"{path}: expected dialogues that can be used, came none: {'; '.join(report.lines())}; {FIX}")
    return Corpus(NAME, examples, report)


def read_dialogues(path: str | None, report: ReaderReport, strict: bool) -> dict[str, list[Dialogue]]:
    """Read every dialogue by split, before any is left out, and count in `report` what is wrong with the rows."""
    dialogues = {}
    for split, source in open_corpus(path).items():
        dialogues[split] = _read_split(split, source, report, strict)
        if not dialogues[split]:
            raise UserError(f"{source.name}: expected rows of {','.join(COLUMNS)}, came none that can be used; {FIX}")
    return dialogues


def parse_row(fields: list[str]) -> Row | str:
    """Return the row, or what is wrong with it in words that follow "came"."""
    if len(fields) < NEEDED:
        return f"{len(fields)} columns"
    conv_id, utterance_idx, emotion, prompt, speaker_idx, utterance = (field.strip() for field in fields[:NEEDED])
    if not conv_id:
        return "an empty conv_id"
    for name, value in (("utterance_idx", utterance_idx), ("speaker_idx", speaker_idx)):
        if not (value.isascii() and value.isdigit()):
            return f"{name} {shorten(value)}"
    if emotion not in EMOTION_IDS:
        return f"emotion {shorten(emotion)}"
    selfeval = fields[NEEDED].strip() if len(fields) > NEEDED else ""
    return Row(conv_id, int(utterance_idx), emotion, prompt, int(speaker_idx), utterance, selfeval)


def _read_split(split: str, source: SplitLines, report: ReaderReport, strict: bool) -> list[Dialogue]:
    rows: dict[str, list[Row]] = {}
    broken: set[str] = set()
    conv_id = ""
    report.note(split, "files_saved_again_with_quotation_marks", source.saved_again is not None)
    for number, fields in source.lines:
        row = parse_row(fields)
        if isinstance(row, str):
            if strict:
                raise UserError(
                    f"{source.name}:{number}: expected {','.join(COLUMNS[:NEEDED])} with whole numbers in "
                    f"utterance_idx and speaker_idx and one of 32 emotions in context, came {row}; {FIX}, or read with "
                    "strict off to drop and count such rows"
                )
            # A line without a conv_id of its own is the rest of a line that was cut in two.
            conv_id = fields[0].strip() if CONV_ID.fullmatch(fields[0].strip()) else conv_id
            broken.add(conv_id)
            report.drop(split, "rows_malformed")
            continue
        conv_id = row.conv_id
        if conv_id in broken:  # its history has a hole
            report.drop(split, "rows_after_malformed")
            continue
        report.note(split, "rows_extra_columns", len(fields) > EXPECTED_COLUMNS[split])
        report.note(split, "rows_missing_columns", len(fields) < len(COLUMNS))
        rows.setdefault(conv_id, []).append(row)
    report.drop(split, "dialogues_malformed", len(broken - rows.keys() - {""}))
    found = (_dialogue(split, _in_order(split, of_one, report), report) for of_one in rows.values())
    return [dialogue for dialogue in found if dialogue is not None]


def _in_order(split: str, rows: list[Row], report: ReaderReport) -> list[Row]:
    """The utterances 1, 2, 3, ... of a dialogue, up to the first that is missing or stands twice with other words."""
    ordered = sorted(rows, key=lambda row: row.utterance_idx)
    report.note(split, "dialogues_out_of_order", ordered != rows)
    found: list[Row] = []
    for place, row in enumerate(ordered):
        if found and row.utterance_idx == found[-1].utterance_idx:
            if row == found[-1]:
                report.drop(split, "rows_repeated")
                continue
            report.drop(split, "rows_contradictory", len(ordered) - place + 1)
            return found[:-1]
        if found and row.utterance_idx != found[-1].utterance_idx + 1:
            report.drop(split, "rows_after_gap", len(ordered) - place)
            break
        found.append(row)
    return found


def _dialogue(split: str, rows: list[Row], report: ReaderReport) -> Dialogue | None:
    """Name the roles (the speaker is whoever speaks utterance 1), clean the texts, merge turns of one side."""
    first = rows[0] if rows else None
    if first is None or first.utterance_idx != 1 or not _decode(first.utterance):
        report.drop(split, "dialogues_without_first_turn")
        return None
    turns: list[Turn] = []
    for row in rows:
        role = SPEAKER if row.speaker_idx == first.speaker_idx else LISTENER
        text = _decode(row.utterance)
        if not text:
            report.drop(split, "rows_empty_utterance")
        elif turns and turns[-1].role == role:
            turns[-1].text += " " + text
            report.note(split, "turns_merged")
        else:
            turns.append(Turn(row.utterance_idx, role, text))
    situation = _decode(first.prompt)
    if len(situation) <= 1:
        situation = ""
        report.note(split, "dialogues_short_situation")
    return Dialogue(first.conv_id, first.emotion, situation, turns, first.selfeval)


def _select(
    read: dict[str, list[Dialogue]], exclude: frozenset[str], report: ReaderReport
) -> dict[str, list[Dialogue]]:
    """Leave out what is excluded, what a later split holds too (test, then valid, keep it), and what has no example."""
    kept: dict[str, list[Dialogue]] = {}
    later_ids: set[str] = set()
    # Excluded dialogues count as well: their situation must not be learnt from a copy of it in an earlier split.
    later_situations: set[str] = set()
    everything = (dialogue for dialogues in read.values() for dialogue in dialogues)
    excluded_situations = {_key(dialogue) for dialogue in everything if dialogue.conv_id in exclude} - {""}
    for split in reversed(SPLITS):
        kept[split] = []
        for dialogue in read[split]:
            reason = ""
            if dialogue.conv_id in exclude:
                reason = "excluded_id"
            elif dialogue.conv_id in later_ids:
                reason = "conv_id_in_other_split"
            elif _key(dialogue) in later_situations:
                reason = "situation_in_other_split"
            elif not dialogue.listener_turns():
                reason = "without_listener_turn"
            if reason:
                report.drop(split, f"dialogues_{reason}")
                report.drop(split, f"examples_{reason}", dialogue.listener_turns())
            else:
                kept[split].append(dialogue)
                report.note(split, "dialogues_sharing_situation_with_excluded", _key(dialogue) in excluded_situations)
        later_ids |= {dialogue.conv_id for dialogue in read[split]}
        later_situations |= {_key(dialogue) for dialogue in read[split]} - {""}
    note_excluded(report, exclude, later_ids)
    return kept


def _examples(split: str, dialogues: Iterable[Dialogue]) -> Iterator[dict[str, Any]]:
    for dialogue in dialogues:
        yield from listener_turns(split, dialogue)


def listener_turns(split: str, dialogue: Dialogue) -> Iterator[dict[str, Any]]:
    """The examples of a dialogue, one for each listener turn, with the columns of EXAMPLE_FEATURES."""
    said = [{"role": turn.role, "text": turn.text} for turn in dialogue.turns]
    for index, turn in enumerate(dialogue.turns):
        if turn.role == LISTENER:
            yield {
                "example_id": f"{dialogue.conv_id}/{turn.number}",
                "conv_id": dialogue.conv_id,
                "turn": turn.number,
                "split": split,
                "situation": dialogue.situation,
                "dialogue_context": said[:index],
                "response": turn.text,
                "emotion": EMOTION_IDS[dialogue.emotion],
                "empathy": None,
                "label_source": "",
            }


def _decode(text: str) -> str:
    return "" if is_missing(text) else clean_text(text.replace("_comma_", ","))


def _key(dialogue: Dialogue) -> str:
    return dialogue.situation.casefold()
