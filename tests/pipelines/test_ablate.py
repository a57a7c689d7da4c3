import json
import shutil
from pathlib import Path

import pytest
import yaml

from pipelines import ablate
from tests.conftest import WriteConfig


def write_sweep(tmp_path: Path, configs: list[Path], **changes: object) -> str:
    settings = {
        "name": "sweep",
        "configs": [str(path) for path in configs],
        "lambda_emo": [0.3, 0.1],
        "seeds": [17],
        "output_dir": str(tmp_path / "runs"),
    } | changes
    path = tmp_path / "sweep.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return str(path)


def test_a_sweep_runs_every_cell_and_then_skips_them(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = write_sweep(tmp_path, [write_config("baseline"), write_config("mvc")])
    assert ablate.main([sweep]) == 0
    out = capsys.readouterr().out
    assert "sweep: 4 cells, 0 finished, 4 to run" in out
    assert "cell 2/4, about " in out
    assert " min left (" in out
    cells = sorted(path.parent.name for path in (tmp_path / "runs" / "sweep").rglob("results.json"))
    assert cells == [f"{family}-lambda{value}-seed17" for family in ("baseline", "mvc") for value in ("0.1", "0.3")]
    references = tmp_path / "runs" / "sweep" / "references" / "references.json"
    assert set(json.loads(references.read_text())["metrics"]) >= {"constant", "length", "tfidf_ridge"}
    assert ablate.main([sweep]) == 0
    assert "4 cells, 4 finished, 0 to run" in capsys.readouterr().out


def test_lambda_emo_changes_the_figures(write_config: WriteConfig, tmp_path: Path) -> None:
    ablate.main([write_sweep(tmp_path, [write_config("mvc")])])
    metrics = [
        json.loads((tmp_path / "runs" / "sweep" / f"mvc-lambda{value}-seed17" / "results.json").read_text())["metrics"]
        for value in ("0.1", "0.3")
    ]
    assert metrics[0] != metrics[1]


def test_a_failed_cell_does_not_stop_the_others_and_is_named_at_the_end(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = write_config("baseline"), write_config("mvc", encoder={"name_or_path": "./nowhere"})
    sweep = write_sweep(tmp_path, [bad, good], lambda_emo=None)
    assert ablate.main([sweep]) == 1
    out = capsys.readouterr().out
    assert (tmp_path / "runs" / "sweep" / "baseline-lambda0.1-seed17" / "results.json").is_file()
    assert "FAILED" in out.splitlines()[-2]
    assert "mvc-lambda0.1-seed17: encoder './nowhere': expected a model folder" in out.splitlines()[-2]
    assert out.splitlines()[-1] == "1 of 2 cells failed; the same command runs them again"
    bad.write_text(write_config("mvc").read_text())
    assert ablate.main([sweep]) == 0, "the cell that failed is run again, with the mistake mended"


def test_two_configs_of_one_family_are_refused(write_config: WriteConfig, tmp_path: Path) -> None:
    from pipelines.errors import UserError

    first = write_config("mvc")
    second = tmp_path / "other.yaml"
    shutil.copy(first, second)
    with pytest.raises(UserError, match=r"expected one config a family, cells share a folder: .*mvc-lambda0\.1-seed17"):
        ablate.main([write_sweep(tmp_path, [first, second])])
