"""Corpora that another program saved again: with quotation marks, with rows twice, with turns missing, with nan."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from pipelines.data.corpus import Corpus
from pipelines.data.empatheticdialogues import read_empatheticdialogues
from pipelines.data.empatheticdialogues_files import COLUMNS
from pipelines.data.epitome import FILES
from pipelines.data.rationales import read_rationales

PROUD = [
    ["hit:1_conv:1", "1", "proud", "My son, aged nine, won.", "4", "He won, at last!", "5|5|5_4|5|5", ""],
    ["hit:1_conv:1", "2", "proud", "My son, aged nine, won.", "75", "Wow, well done.", "5|5|5_4|5|5", ""],
    ["hit:1_conv:1", "3", "proud", "My son, aged nine, won.", "4", "I cried.", "5|5|5_4|5|5", ""],
    ["hit:1_conv:1", "4", "proud", "My son, aged nine, won.", "75", "Of course.", "5|5|5_4|5|5", ""],
]
SAD = [
    ["hit:2_conv:2", "1", "sad", "Rain fell, all day.", "0", "It rained, again.", "", ""],
    ["hit:2_conv:2", "2", "sad", "Rain fell, all day.", "1", "Oh no, not again.", "", ""],
]
ANGRY = [
    [*SAD[0][:2], "angry", "They towed it.", "0", "They towed my van.", "", ""],
    [*SAD[1][:2], "angry", *SAD[1][3:]],
]
ANGRY = [["hit:3_conv:3", *row[1:3], "They towed it.", *row[4:]] for row in ANGRY]


def write(folder: Path, train: list[list[str]], quoted: bool = False) -> Corpus:
    folder.mkdir(exist_ok=True)
    for split, rows in (("train", train), ("valid", SAD), ("test", ANGRY)):
        if quoted:
            pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(folder / f"{split}.csv", index=False)
        else:
            lines = [",".join(cell.replace(",", "_comma_") for cell in row) for row in rows]
            (folder / f"{split}.csv").write_text("\n".join([",".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
    return read_empatheticdialogues(str(folder), frozenset(), False)


def said(corpus: Corpus) -> list[tuple[str, list[str]]]:
    rows = corpus.examples["train"].to_list()
    return [(row["response"], [turn["text"] for turn in row["dialogue_context"]]) for row in rows]


def test_quotation_marks_are_read_and_noted(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain", PROUD)
    again = write(tmp_path / "again", PROUD, quoted=True)
    assert '"He won, at last!"' in (tmp_path / "again" / "train.csv").read_text()
    for split in ("train", "valid", "test"):
        assert again.examples[split].to_list() == plain.examples[split].to_list()
    assert again.report.noted["train"]["files_saved_again_with_quotation_marks"] == 1
    assert "files_saved_again_with_quotation_marks" not in plain.report.noted["train"]


def test_a_text_in_quotation_marks_is_no_sign_of_it(tmp_path: Path) -> None:
    spoken = [[*PROUD[0][:5], '"Hello" he said', *PROUD[0][6:]], *PROUD[1:]]
    corpus = write(tmp_path, spoken)
    assert said(corpus)[0][1] == ['"Hello" he said']
    assert "files_saved_again_with_quotation_marks" not in corpus.report.noted["train"]


def test_rows_that_are_there_twice_count_once(tmp_path: Path) -> None:
    corpus = write(tmp_path / "twice", [row for row in PROUD for _ in range(2)])
    assert said(corpus) == said(write(tmp_path / "once", PROUD))
    assert corpus.report.dropped["train"]["rows_repeated"] == 4
    shuffled = write(tmp_path / "shuffled", [PROUD[2], PROUD[0], PROUD[3], PROUD[1]])
    assert said(shuffled) == said(corpus)
    assert shuffled.report.noted["train"]["dialogues_out_of_order"] == 1


def test_a_gap_ends_a_dialogue(tmp_path: Path) -> None:
    corpus = write(tmp_path, [PROUD[0], PROUD[1], PROUD[3]])
    assert said(corpus) == [("Wow, well done.", ["He won, at last!"])]
    assert corpus.report.dropped["train"]["rows_after_gap"] == 1


def test_two_rows_of_one_turn_that_differ_end_a_dialogue_before_them(tmp_path: Path) -> None:
    other = [*PROUD[2][:5], "I laughed.", *PROUD[2][6:]]
    corpus = write(tmp_path, [*PROUD[:3], other, PROUD[3]])
    assert said(corpus) == [("Wow, well done.", ["He won, at last!"])]
    assert corpus.report.dropped["train"]["rows_contradictory"] == 3


@pytest.mark.parametrize("missing", ["nan", "NaN", "None", "<NA>"])
def test_a_text_that_is_missing_is_no_word(missing: str, tmp_path: Path) -> None:
    rows = [PROUD[0], PROUD[1], PROUD[2], [*PROUD[3][:5], missing, *PROUD[3][6:]]]
    corpus = write(tmp_path, rows)
    assert [reply for reply, _ in said(corpus)] == ["Wow, well done."]
    assert corpus.report.dropped["train"]["rows_empty_utterance"] == 1


def test_a_rationale_that_is_nan_is_none(tmp_path: Path) -> None:
    rows = [["a", "b", "I lost", "Sorry.", 2, "Sorry."], ["a", "c", "I lost", "Hm", 0, None]]
    frame = pd.DataFrame(rows, columns=["sp_id", "rp_id", "seeker_post", "response_post", "level", "rationales"])
    frame.to_csv(tmp_path / FILES["ip"], index=False, na_rep="nan")
    assert ",nan" in (tmp_path / FILES["ip"]).read_text()
    found = read_rationales(str(tmp_path), "ip", frozenset())
    assert found["rationales"].tolist() == [["Sorry."], []]


def test_the_form_is_that_of_python_s_csv_module(tmp_path: Path) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([COLUMNS, *PROUD])
    for split, rows in (("valid", SAD), ("test", ANGRY)):
        pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(tmp_path / f"{split}.csv", index=False)
    (tmp_path / "train.csv").write_text(out.getvalue(), encoding="utf-8")
    corpus = read_empatheticdialogues(str(tmp_path), frozenset(), False)
    assert [reply for reply, _ in said(corpus)] == ["Wow, well done.", "Of course."]
