import csv
import json
import shutil
from pathlib import Path

import pytest
import yaml

from pipelines import cli, train
from pipelines.evaluation import scorers
from pipelines.probes import estimates
from pipelines.probes.configuration import ProbeSettings
from pipelines.probes.registry import columns
from pipelines.training.parsing import parse_settings
from tests.conftest import WriteConfig
from tests.pipelines.probes.conftest import invented_corpus, probe_corpora, probe_settings

ROOT = Path(__file__).resolve().parents[2]
SCORING = "python:tests.pipelines.probes.scoring"

__all__ = ["invented_corpus", "probe_corpora", "probe_settings"]  # fixtures


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 50)


@pytest.fixture
def config(probe_settings: ProbeSettings, tmp_path: Path) -> str:
    path = tmp_path / "probe.yaml"
    path.write_text(yaml.safe_dump(vars(probe_settings)))
    return str(path)


def test_the_shipped_config_is_parsed() -> None:
    settings = parse_settings(ProbeSettings, [str(ROOT / "configs" / "probe.yaml")], "empathy probe", "")
    assert (len(settings.corpora), settings.scorers, settings.max_turns) == (2, [], ProbeSettings("", ["x"]).max_turns)


def test_scorers_stand_side_by_side(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["probe", config, "--scorers", f"{SCORING}:length", f"{SCORING}:phrase_lover"]) == 0
    out = tmp_path / "probes"
    said = capsys.readouterr().out
    assert "tests.pipelines.probes.scoring:phrase_lover: threshold 2.0000, the median of 96 real turns" in said
    assert said.splitlines()[-3:] == [str(out / f"probes.{ending}") for ending in ("json", "md", "html")]
    table = [line for line in said.splitlines() if line.startswith("tests.pipelines.probes.scoring:phrase_lover  ")]
    assert "100.0 %" in table[0]
    content = json.loads((out / "probes.json").read_text())
    assert [one["spec"] for one in content["scorers"]] == [f"{SCORING}:length", f"{SCORING}:phrase_lover"]
    assert content["scorers"][1]["insertion"]["flipped"]["value"] == 1.0
    assert set(content["columns"]) == {".".join(column.path) for column in columns()}
    assert content["seeds"] == []
    page, text = (out / "probes.html").read_text(), (out / "probes.md").read_text()
    for wanted in ("I understand how you feel.", "It is what it is today.", "phrase_lover", "100.0 %"):
        assert wanted in page
        assert wanted.replace("_", r"\_") in text
    assert all(column.meaning in text for column in columns() if column.path != ("threshold",))
    assert "<script" not in page


def test_written_pairs_come_back_as_scores(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs, scored = tmp_path / "pairs.csv", tmp_path / "scored.csv"
    assert cli.main(["probe", config, "--write-pairs", str(pairs)]) == 0
    with pairs.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert capsys.readouterr().out == f"{len(rows):,} pairs: {pairs}\n"
    assert not (tmp_path / "probes").exists()
    lines = [f"{row['pair_id']},{len(row['response'].split())}" for row in rows]
    scored.write_text("\n".join(["pair_id,score", *lines]))
    assert cli.main(["probe", config, "--scorers", f"csv:{scored}", f"{SCORING}:length"]) == 0
    outside, inside = json.loads((tmp_path / "probes" / "probes.json").read_text())["scorers"]
    assert {k: v for k, v in outside.items() if k not in ("spec", "scorer")} == {
        k: v for k, v in inside.items() if k not in ("spec", "scorer")
    }
    scored.write_text("\n".join(["pair_id,score", *lines[:-1]]))
    assert cli.main(["probe", config, "--scorers", f"csv:{scored}"]) == 2
    assert f"1 pairs that it lacks, such as {rows[-1]['pair_id']}" in capsys.readouterr().err


def test_bad_input_is_one_line_and_status_2(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = {
        "scorers: expected at least one, got none": [config],
        "nowhere.csv: expected a probe corpus": [config, f"--corpora=[{tmp_path}/nowhere.csv]", "--scorers", "csv:x"],
        "expected finite scores, got nan": [config, "--scorers", f"{SCORING}:not_a_number"],
        "expected a run folder": [config, "--scorers", str(tmp_path / "nothing")],
    }
    for message, arguments in cases.items():
        assert cli.main(["probe", *arguments]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert len(error.splitlines()) == 1


def test_runs_keep_their_record_and_are_not_scored_again(
    config: str,
    write_config: WriteConfig,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert train.main([str(write_config("mvc")), "--seeds=[17,39]"]) == 0
    runs = [str(tmp_path / "runs" / "tiny" / f"mvc-lambda0.1-seed{seed}") for seed in (17, 39)]
    assert cli.main(["probe", config, "--scorers", *runs]) == 0
    first = (tmp_path / "probes" / "probes.json").read_text()
    records = [json.loads((Path(run) / "probes.json").read_text()) for run in runs]
    assert records[0]["schema_version"] == 1
    assert {"threshold", "insertion", "context_swap", "polarity", "length", "fingerprint"} <= set(records[0])
    areas = [record["context_swap"]["area"]["value"] for record in records]
    (mean,) = json.loads(first)["seeds"]
    assert (mean["name"], mean["seeds"]) == ("tiny/mvc-lambda0.1", [17, 39])
    assert mean["figures"]["context_swap.area"]["mean"] == pytest.approx(sum(areas) / 2)
    assert mean["figures"]["context_swap.area"]["low"] < min(areas)
    assert "mvc-lambda0.1 tiny mean over seeds 17, 39" in (tmp_path / "probes" / "probes.md").read_text()

    def refuse(folder: Path) -> None:
        raise AssertionError(f"{folder} was loaded again")

    capsys.readouterr()
    with monkeypatch.context() as patched:
        patched.setattr(scorers, "_run_scorer", refuse)
        assert cli.main(["probe", config, "--scorers", *runs]) == 0
        assert capsys.readouterr().out.count("probed before on the same pairs, skipped") == 2
        assert (tmp_path / "probes" / "probes.json").read_text() == first
        # Other pairs, or another model in the folder, are another matter.
        with pytest.raises(AssertionError, match="loaded again"):
            cli.main(["probe", config, "--max_turns=40", "--scorers", *runs])
        shutil.copy(Path(runs[1]) / "model" / "model.safetensors", Path(runs[0]) / "model" / "model.safetensors")
        with pytest.raises(AssertionError, match="loaded again"):
            cli.main(["probe", config, "--scorers", *runs])
