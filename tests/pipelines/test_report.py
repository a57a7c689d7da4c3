import json
from pathlib import Path

import pytest

from pipelines import cli, train
from pipelines.reporting import comparisons
from tests.conftest import WriteConfig


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "RESAMPLES", 40)
    monkeypatch.setattr(comparisons, "MARK_RESAMPLES", 20)


def test_it_writes_where_it_is_told_and_says_so(
    three_families: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", str(three_families), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out.split()
    assert said == [str(tmp_path / "out" / f"report.{ending}") for ending in ("md", "tex", "json", "html")]
    assert all(Path(path).stat().st_size > 1000 for path in said)


def test_what_is_no_run_folder_is_one_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"empathy report: error: {tmp_path}: expected a run folder")


def test_no_folder_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "arguments are required: RUN_FOLDER; empathy report --help says more" in line


def test_a_report_is_made_of_what_training_leaves(write_config: WriteConfig, tmp_path: Path) -> None:
    for family in ("baseline", "mvc"):
        assert train.main([str(write_config(family)), "--seeds=[17,39]"]) == 0
    assert cli.main(["report", str(tmp_path / "runs" / "tiny"), "--out", str(tmp_path / "report")]) == 0
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    counts = report["groups"][0]["counts"]
    assert (counts["train"]["examples"], counts["corpus"]["train"]["examples"]) == (9, 10)
    text = (tmp_path / "report" / "report.md").read_text()
    assert "| train | 5 | 9 | 6 | 10 |" in text
    assert "| tfidf ridge |" in text
