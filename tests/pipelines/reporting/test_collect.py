import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import UserError
from pipelines.reporting.collect import collect, read_run

WriteRun = Callable[..., Path]


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_an_experiment_folder_and_its_runs_give_each_run_once(three_families: Path) -> None:
    single = three_families / "mvc-lambda0.1-seed17"
    found = collect([three_families, single])
    assert [len(group.runs) for group in found.groups] == [8]
    assert sorted(reference.name for reference in found.groups[0].references) == ["constant", "majority"]
    assert found.unfinished == []


def test_a_single_run_finds_the_references_of_its_experiment(three_families: Path) -> None:
    found = collect([three_families / "mvc-lambda0.1-seed17"])
    assert len(found.groups[0].runs) == 1
    assert len(found.groups[0].references) == 2


def test_predictions_are_ordered_by_example_id(tmp_path: Path, write_run: WriteRun, perfect: pd.DataFrame) -> None:
    run = read_run(write_run(tmp_path / "e", "mvc", 0.1, 17, perfect.iloc[::-1].reset_index(drop=True)))
    assert run.test.frame["example_id"].is_monotonic_increasing
    assert np.allclose(run.test.empathy_pred, run.test.empathy_true)


@pytest.mark.parametrize("name", ["encoder", "context_view", "test_split", "label_source", "corpus"])
def test_runs_that_differ_in_what_they_were_run_on_are_kept_apart(three_families: Path, name: str) -> None:
    edit(three_families / "stm-lambda0.1-seed17" / "results.json", **{name: "another"})
    found = collect([three_families])
    assert [len(group.runs) for group in found.groups] == [7, 1]
    assert getattr(found.groups[1].key, name) == "another"


def test_references_of_other_data_are_left_out(three_families: Path) -> None:
    edit(three_families / "references" / "references.json", data_fingerprint="0" * 64)
    assert collect([three_families]).groups[0].references == []


def test_runs_scored_on_other_examples_are_kept_apart(
    tmp_path: Path, write_run: WriteRun, perfect: pd.DataFrame
) -> None:
    write_run(tmp_path / "e", "mvc", 0.1, 17, perfect)
    write_run(tmp_path / "e", "mvc", 0.1, 39, perfect.iloc[:90])
    assert [len(group.runs) for group in collect([tmp_path / "e"]).groups] == [1, 1]


def test_a_cell_without_results_is_unfinished(three_families: Path) -> None:
    (three_families / "mvc-lambda0.1-seed17" / "results.json").unlink()
    found = collect([three_families])
    assert [folder.name for folder in found.unfinished] == ["mvc-lambda0.1-seed17"]
    assert len(found.groups[0].runs) == 7


def test_a_step_logged_twice_counts_once_as_last_logged(three_families: Path) -> None:
    folder = three_families / "mvc-lambda0.1-seed17"
    again = {"stage": "cascade", "stage_index": 0, "step": 10, "epoch": 0.2, "split": "train", "loss": 7.0}
    with (folder / "metrics.jsonl").open("a") as log:
        log.write(json.dumps(again) + "\n")
    steps = [step for step in read_run(folder).steps if step["split"] == "train" and step["step"] == 10]
    assert [step["loss"] for step in steps] == [7.0]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere: expected a run or experiment folder, there is no such folder"):
        collect([tmp_path / "nowhere"])


def test_a_folder_without_runs_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected a run folder \(with results.json\) or an experiment folder"):
        collect([tmp_path])


def test_only_unfinished_runs_are_nothing_to_report_on(tmp_path: Path) -> None:
    cell = tmp_path / "mvc-lambda0.1-seed17"
    cell.mkdir()
    (cell / "config.yaml").write_text("family: mvc\n")
    with pytest.raises(UserError, match=r"no finished run to report on: 1 unfinished .*mvc-lambda0.1-seed17"):
        collect([tmp_path])


@pytest.mark.parametrize("name", ["results.json", "meta.json", "../references/references.json"])
def test_another_schema_version_names_the_file(three_families: Path, name: str) -> None:
    path = three_families / "mvc-lambda0.1-seed17" / name
    edit(path, schema_version=2)
    with pytest.raises(UserError, match=rf"{path.name}: schema version 2, this version of empathy reads 1"):
        collect([three_families])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("results.json", "{", "is not valid JSON"),
        ("results.json", "[]", "expected a JSON object, found a list"),
        ("results.json", '{"schema_version": 1, "metrics": {"test": {}}}', "lacks experiment, family"),
        ("meta.json", '{"schema_version": 1}', "lacks data_fingerprint"),
        ("metrics.jsonl", '{"loss": 1}\n', "line 1 is not a metrics record"),
        ("metrics.jsonl", "{\n", "line 1 is not a metrics record"),
        ("predictions/test.parquet", "text", "is not a readable parquet file"),
    ],
)
def test_a_broken_file_is_named(three_families: Path, name: str, content: str, message: str) -> None:
    path = three_families / "mvc-lambda0.1-seed17" / name
    path.write_text(content)
    with pytest.raises(UserError, match=f"{path.name}: .*{message}") as caught:
        collect([three_families])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["meta.json", "metrics.jsonl", "predictions/test.parquet"])
def test_a_missing_file_is_named(three_families: Path, name: str) -> None:
    path = three_families / "mvc-lambda0.1-seed17" / name
    path.unlink()
    with pytest.raises(UserError, match=f"{path.name}: is missing"):
        collect([three_families])


def test_a_missing_column_is_named(three_families: Path) -> None:
    path = three_families / "mvc-lambda0.1-seed17" / "predictions" / "test.parquet"
    pd.read_parquet(path).drop(columns="conv_id").to_parquet(path)
    with pytest.raises(UserError, match="lacks conv_id"):
        collect([three_families])


def test_predictions_of_another_run_are_noticed(three_families: Path) -> None:
    path = three_families / "mvc-lambda0.1-seed17" / "predictions" / "test.parquet"
    pd.read_parquet(path).iloc[:50].to_parquet(path)
    with pytest.raises(
        UserError, match=r"results.json scores 96 empathy predictions, predictions/test.parquet holds 50"
    ):
        collect([three_families])


def test_the_same_cell_twice_is_refused(tmp_path: Path, write_run: WriteRun, perfect: pd.DataFrame) -> None:
    write_run(tmp_path / "a", "mvc", 0.1, 17, perfect)
    write_run(tmp_path / "b", "mvc", 0.1, 17, perfect, experiment="a")
    with pytest.raises(
        UserError, match=r"the same experiment, family, λ_emo, augmentation, side seen and seed as .*; give one of the"
    ):
        collect([tmp_path / "a", tmp_path / "b"])


@pytest.mark.parametrize("other", [{"augmentation": "context-aware"}, {"seen": "response"}])
def test_cells_that_differ_in_augmentation_or_side_are_two(
    tmp_path: Path, write_run: WriteRun, perfect: pd.DataFrame, other: dict[str, str]
) -> None:
    write_run(tmp_path / "a", "mvc", 0.1, 17, perfect)
    write_run(tmp_path / "b", "mvc", 0.1, 17, perfect, experiment="a", **other)
    found = collect([tmp_path / "a", tmp_path / "b"])
    assert [len(group.runs) for group in found.groups] == [2]
    assert {(run.cell.augmentation, run.cell.seen) for run in found.groups[0].runs} == {
        ("none", "both"),
        (other.get("augmentation", "none"), other.get("seen", "both")),
    }


def test_an_augmented_cell_twice_is_refused(tmp_path: Path, write_run: WriteRun, perfect: pd.DataFrame) -> None:
    for name in ("a", "b"):
        write_run(tmp_path / name, "mvc", 0.1, 17, perfect, experiment="a", augmentation="context-aware")
    with pytest.raises(UserError, match="give one of the two"):
        collect([tmp_path / "a", tmp_path / "b"])


def test_an_unknown_side_is_named(tmp_path: Path, write_run: WriteRun, perfect: pd.DataFrame) -> None:
    write_run(tmp_path / "a", "mvc", 0.1, 17, perfect, seen="situation")
    with pytest.raises(UserError, match=r"expected seen to be both, response or context, found 'situation'; remove"):
        collect([tmp_path / "a"])


def test_experiments_on_the_same_data_share_one_set_of_references(hybrid_experiments: list[Path]) -> None:
    assert all((folder / "references" / "references.json").is_file() for folder in hybrid_experiments)
    found = collect(hybrid_experiments)
    assert [len(group.runs) for group in found.groups] == [12]
    assert sorted(reference.name for reference in found.groups[0].references) == ["constant", "majority"]


def test_a_broken_measurement_is_named(hybrid_experiments: list[Path]) -> None:
    path = hybrid_experiments[0] / "mvc-lambda0.1-seed17" / "probes.json"
    edit(path, insertion=[])
    with pytest.raises(UserError, match=r"seed17/probes.json: expected insertion.flipped to hold"):
        collect(hybrid_experiments)
