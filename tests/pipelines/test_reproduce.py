"""`empathy reproduce`."""

import json
from pathlib import Path

import pytest

from pipelines.cli import main as empathy
from pipelines.literature.published import read_table
from pipelines.literature.reproduced import reproduce
from tests.pipelines.literature.runs import write_runs


def test_published_and_ours_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = read_table("epitome")
    rows = reproduce(table, str(tmp_path))
    figures = {"macro_f1": 0.75, "token_f1_all": 0.7, "iou_f1_all": 0.7, "token_f1_with_rationale": 0.3}
    write_runs(rows[0], [{"accuracy": 0.7 + seed / 100, **figures} for seed in range(10)], tmp_path)
    assert empathy(["reproduce", "epitome", "--runs", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert lines[0] == "epitome: The EPITOME model"
    reactions = next(line for line in lines if line.startswith("emotional reactions"))
    assert "79.4  74.5* [72.3, 76.7]" in reactions  # accuracy; the published one lies above the interval
    assert reactions.endswith("10/10")
    interpretations = next(line for line in lines if line.startswith("interpretations"))
    assert "84.0" in interpretations
    assert interpretations.endswith("0/10")
    missing = printed.partition("Not trained yet:\n")[2]
    assert "empathy train configs/peers/epitome.yaml --data.mechanism=ip --stages.epochs=2  # seeds 17, 39," in missing
    assert "mechanism=er" not in missing
    written = json.loads((tmp_path / "out" / "literature.json").read_text(encoding="utf-8"))
    first = written["tables"][0]["rows"][0]
    assert first["ours"]["accuracy"]["mean"] == pytest.approx(0.745)
    assert first["falls_short"] == {
        "accuracy": True, "macro-F1": False, "T-F1": False, "IOU-F1": False, "T-F1, pairs with one": None,
    }  # fmt: skip
    markdown = (tmp_path / "out" / "literature.md").read_text(encoding="utf-8")
    assert "| emotional reactions | 79.4 | 74.5\\* [72.3, 76.7] |" in markdown or "74.5* [72.3, 76.7]" in markdown
    page = (tmp_path / "out" / "literature.html").read_text(encoding="utf-8")
    assert page.count("<table") == 1
    assert "<script" not in page


def test_a_wrong_name_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert empathy(["reproduce", "table_2"]) == 2
    assert capsys.readouterr().err.startswith("empathy reproduce: error: table: expected all or one of text_pairs, ")


def test_a_missing_folder_of_runs_is_not_taken_for_nothing_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "resluts"
    assert empathy(["reproduce", "epitome", "--runs", str(wrong)]) == 2
    assert capsys.readouterr().err == (
        "empathy reproduce: error: --runs: expected the folder that holds the experiments, there is no folder "
        f"{wrong} (you are in {Path.cwd()}); leave it out where nothing is trained yet\n"
    )
