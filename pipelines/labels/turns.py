"""Every listener turn of EmpatheticDialogues as one table, which the labelling functions read."""

import json
from itertools import pairwise

import pandas as pd

from modeling.encoder import load_tokenizer
from pipelines.data.corpus import ReaderReport
from pipelines.data.dialogue import EMOTIONS, SPEAKER, SPLITS
from pipelines.data.empatheticdialogues import NAME, listener_turns, read_dialogues
from pipelines.errors import UserError


def turn_separator(encoder: str) -> str:
    """What parts the turns of a context for `encoder`. Raises UserError where it has no tokenizer."""
    try:
        return f" {load_tokenizer(encoder).sep_token} "
    except OSError as error:
        raise UserError(str(error)) from error


def read_turns(path: str, separator: str) -> tuple[pd.DataFrame, ReaderReport]:
    """A row for each listener turn of the three splits, none left out.

    Columns: example_id, conv_id, turn, split, emotion (its name), situation, context (the dialogue so far, its turns
    parted by `separator`), said (the same as JSON, a list of role and text), last_speaker_turn, response,
    next_speaker_turn (None where the dialogue ends), selfeval (as it stands in the file).

    Raises UserError where the corpus cannot be read or a dialogue is in two splits.
    """
    report = ReaderReport(NAME)
    rows = []
    split_of: dict[str, str] = {}
    for split, dialogues in read_dialogues(path, report, strict=False).items():
        for dialogue in dialogues:
            if split_of.setdefault(dialogue.conv_id, split) != split:
                raise UserError(
                    f"{path}: expected each dialogue in one split, came {dialogue.conv_id} in "
                    f"{split_of[dialogue.conv_id]} and {split}; use the official files"
                )
            following = {turn.number: after for turn, after in pairwise(dialogue.turns)}
            for example in listener_turns(split, dialogue):
                said = [turn["text"] for turn in example["dialogue_context"]]
                by_speaker = [turn["text"] for turn in example["dialogue_context"] if turn["role"] == SPEAKER]
                rows.append(
                    {
                        "example_id": example["example_id"],
                        "conv_id": dialogue.conv_id,
                        "turn": example["turn"],
                        "split": split,
                        "emotion": EMOTIONS[example["emotion"]],
                        "situation": dialogue.situation,
                        "context": separator.join(said),
                        "said": json.dumps(example["dialogue_context"], ensure_ascii=False),
                        "last_speaker_turn": by_speaker[-1] if by_speaker else "",
                        "response": example["response"],
                        "next_speaker_turn": following[example["turn"]].text if example["turn"] in following else None,
                        "selfeval": dialogue.selfeval,
                    }
                )
    turns = pd.DataFrame(rows)
    turns["split"] = pd.Categorical(turns["split"], SPLITS, ordered=True)
    return turns.sort_values("split", kind="stable").astype({"split": str}).reset_index(drop=True), report
