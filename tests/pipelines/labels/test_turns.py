"""The table of listener turns."""

import json
from pathlib import Path

import pytest

from pipelines.data.empatheticdialogues_files import COLUMNS
from pipelines.errors import UserError
from pipelines.labels.turns import read_turns

TRAIN = [
    "hit:1_conv:1,1,proud,My son won.,4,He won_comma_ all of it!,5|5|5_4|3|5,",
    "hit:1_conv:1,2,proud,My son won.,75,Wow!,5|5|5_4|3|5,",
    "hit:1_conv:1,3,proud,My son won.,4,I cried.,5|5|5_4|3|5,",
    "hit:1_conv:1,4,proud,My son won.,75,Of course.,5|5|5_4|3|5,",
]
VALID = ["hit:2_conv:2,1,sad,Rain.,0,It rained.,,", "hit:2_conv:2,2,sad,Rain.,1,Again?,,"]
TEST = [line.replace("hit:2_conv:2", "hit:3_conv:3") for line in VALID]


def write(folder: Path, train: list[str] = TRAIN, valid: list[str] = VALID, test: list[str] = TEST) -> str:
    for split, lines in (("train", train), ("valid", valid), ("test", test)):
        (folder / f"{split}.csv").write_text("\n".join([",".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
    return str(folder)


def test_a_row_for_each_listener_turn(tmp_path: Path) -> None:
    turns, report = read_turns(write(tmp_path), " [SEP] ")
    assert turns["example_id"].tolist() == ["hit:1_conv:1/2", "hit:1_conv:1/4", "hit:2_conv:2/2", "hit:3_conv:3/2"]
    assert turns["split"].tolist() == ["train", "train", "valid", "test"]
    assert turns.drop(columns="next_speaker_turn").iloc[1].to_dict() == {
        "example_id": "hit:1_conv:1/4",
        "conv_id": "hit:1_conv:1",
        "turn": 4,
        "split": "train",
        "emotion": "proud",
        "situation": "My son won.",
        "context": "He won, all of it! [SEP] Wow! [SEP] I cried.",
        "said": json.dumps(
            [
                {"role": "speaker", "text": "He won, all of it!"},
                {"role": "listener", "text": "Wow!"},
                {"role": "speaker", "text": "I cried."},
            ]
        ),
        "last_speaker_turn": "I cried.",
        "response": "Of course.",
        "selfeval": "5|5|5_4|3|5",
    }
    assert turns["next_speaker_turn"][0] == "I cried."
    assert turns["next_speaker_turn"][1:].isna().all()
    assert report.dropped["train"] == {}


def test_situations_that_splits_share_are_labelled_too(tmp_path: Path) -> None:
    shared = [line.replace("hit:2_conv:2", "hit:4_conv:4") for line in VALID]
    turns, _ = read_turns(write(tmp_path, train=[*TRAIN, *shared]), " ")
    assert "hit:4_conv:4/2" in set(turns["example_id"])


def test_a_dialogue_in_two_splits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="expected each dialogue in one split, came hit:3_conv:3 in valid and test; use the official"
    ):
        read_turns(write(tmp_path, valid=[*VALID, *TEST]), " ")
