"""Faults of dialogues."""

from pathlib import Path

import pytest

from pipelines.conversations.cleaning import FAULTS, find_faults
from pipelines.data.empatheticdialogues import read_empatheticdialogues
from pipelines.data.empatheticdialogues_files import COLUMNS

REAL = Path(__file__).parents[3] / "data" / "empatheticdialogues"
HEADER = ",".join(COLUMNS)
GOOD = ["hit:1_conv:1,1,sad,We lost.,0,We lost.,,", "hit:1_conv:1,2,sad,We lost.,1,Oh no_comma_ how?,,"]


def write(folder: Path, *utterances: str, rows: tuple[str, ...] = ()) -> str:
    """A corpus whose training split has a good dialogue, one of `utterances` by turns, and `rows` as they are."""
    made = [f"hit:2_conv:2,{k + 1},sad,Ours.,{k % 2},{text},," for k, text in enumerate(utterances)]
    for split, lines in {"train": [*GOOD, *made, *rows], "valid": GOOD, "test": GOOD}.items():
        (folder / f"{split}.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return str(folder)


def faults(path: str) -> list[str]:
    found = find_faults(path)
    assert set(found["split"]) <= {"train"}
    assert set(found["conv_id"]) <= {"hit:2_conv:2"}
    return found["fault"].tolist()


@pytest.mark.parametrize(
    ("utterances", "expected"),
    [
        (["Our cat died.", "Our poor cat?", "She was old_comma_ yes.", "Yes."], []),
        (["Our cat died.", "Yes.", "She was old.", "Yes!"], []),  # short answers come again
        (["Our cat died.", ""], ["empty_utterance"]),
        (["Our cat died.", ":)", "Hm."], ["empty_utterance"]),
        (["Our cat died.", "5"], []),
        (["Our cat died."], ["not_two_sides"]),
        (["Our cat died comma_ yes.", "Oh no."], ["comma_mark"]),
        (["Our cat died_comma yes.", "Oh no."], ["comma_mark"]),
        (["Our cat died_ Comma_yes.", "Oh no."], ["comma_mark"]),
        (["Put a comma there_comma_ please.", "A comma?"], []),
        (["Our cat died.", "Oh no.", "OUR cat died!"], ["repeated_utterance"]),
        (["Our cat's gone.", "Our cats_comma_ gone?"], ["repeated_utterance"]),
        (["We lost.", "Oh_comma_ no! How"], ["repeated_dialogue"]),
        (["", "So it is", "So it is"], ["empty_utterance", "repeated_utterance"]),
    ],
)
def test_each_fault(tmp_path: Path, utterances: list[str], expected: list[str]) -> None:
    assert faults(write(tmp_path, *utterances)) == expected
    assert set(expected) <= set(FAULTS)


def test_rows_that_cannot_be_read_or_are_missing(tmp_path: Path) -> None:
    first = "hit:2_conv:2,1,sad,Ours.,0,Our cat died.,,"
    third = "hit:2_conv:2,3,sad,Ours.,1,Oh no.,,"
    assert faults(write(tmp_path, rows=(first, third))) == ["broken_numbering"]
    # A line that was cut in two: its second half has no id of its own, and is the dialogue's before it.
    cut = (first, "hit:2_conv:2,2,sad,Ours.", "1,Oh no.,,")
    assert faults(write(tmp_path, rows=cut)) == ["malformed_row", "not_two_sides"]
    assert faults(write(tmp_path, rows=("hit:2_conv:2,1,glad,Ours.,0,Hm.,,",))) == ["malformed_row"]
    third_side = (first, "hit:2_conv:2,2,sad,Ours.,1,Oh no.,,", "hit:2_conv:2,3,sad,Ours.,9,Who am I?,,")
    assert faults(write(tmp_path, rows=third_side)) == ["not_two_sides"]


def test_a_good_corpus_has_none_and_the_reader_takes_what_is_found(tmp_path: Path, tiny_corpus: str) -> None:
    assert find_faults(tiny_corpus).empty
    path = write(tmp_path, "Our cat died.", "", "She was old.", "Oh no.")
    exclude = frozenset(find_faults(path)["conv_id"])
    # The good dialogue of the fixture stands in all splits, so only the report of the training split counts here.
    with_all = _training_ids(path, frozenset())
    assert with_all - _training_ids(path, exclude) == {"hit:2_conv:2"}


def _training_ids(path: str, exclude: frozenset[str]) -> set[str]:
    return set(read_empatheticdialogues(path, exclude, strict=False).examples["train"]["conv_id"])


@pytest.mark.skipif(not REAL.is_dir(), reason="data/empatheticdialogues is not here")
def test_real_files() -> None:
    found = find_faults(str(REAL))
    dialogues = found.groupby("split")["conv_id"].nunique()
    assert 0 < dialogues["train"] < 0.02 * 19547
    assert set(found["fault"]) >= {"repeated_utterance", "empty_utterance"}
