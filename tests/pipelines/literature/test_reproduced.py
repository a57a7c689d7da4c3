"""Our side of a published table."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pipelines.errors import UserError
from pipelines.literature.published import PublishedRow, PublishedTable, read_table
from pipelines.literature.reproduced import reproduce
from pipelines.training.run_folder import RunFolder
from tests.pipelines.literature.runs import write_runs


def test_means_and_intervals_over_the_seeds(tmp_path: Path) -> None:
    table = read_table("text_pairs")
    figures = [0.55, 0.58, 0.57]
    row = reproduce(table, str(tmp_path))[0]
    write_runs(row, [{"accuracy": figure, "weighted_f1": None} for figure in figures], tmp_path)
    row = reproduce(table, str(tmp_path))[0]
    assert row.missing == []
    found = row.estimate("accuracy")
    assert found is not None
    low, high = stats.t.interval(0.95, 2, np.mean(figures), stats.sem(figures))
    assert (found.mean, found.low, found.high) == pytest.approx((np.mean(figures), low, high))
    assert row.estimate("weighted_f1") is None, "not defined in a run"


@pytest.mark.parametrize(
    ("name", "metric", "column", "published", "short"),
    [
        ("text_pairs", "accuracy", "accuracy", 0.6, True),
        ("text_pairs", "accuracy", "accuracy", 0.5, False),
        ("text_pairs", "accuracy", "accuracy", 0.4, False),
        ("text_pairs_regression", "mse", "MSE", 0.6, False),
        ("text_pairs_regression", "mse", "MSE", 0.4, True),  # a smaller error is better
    ],
)
def test_whether_ours_falls_short(
    name: str, metric: str, column: str, published: float, short: bool, tmp_path: Path
) -> None:
    table = read_table(name)
    table.rows[0].published[column] = published
    write_runs(reproduce(table, str(tmp_path))[0], [{metric: value} for value in (0.49, 0.5, 0.51)], tmp_path)
    assert reproduce(table, str(tmp_path))[0].falls_short(column, metric) is short


def test_one_seed_says_nothing_about_falling_short(tmp_path: Path) -> None:
    table = read_table("text_pairs")
    write_runs(reproduce(table, str(tmp_path))[0], [{"accuracy": 0.1}], tmp_path)
    row = reproduce(table, str(tmp_path))[0]
    assert row.missing == [39, 43]
    assert row.falls_short("accuracy", "accuracy") is None


def test_the_command_of_a_row(tmp_path: Path) -> None:
    row = reproduce(read_table("text_pairs"), str(tmp_path))[0]
    train = "empathy train configs/peers/text_pairs.yaml"
    assert row.command == f"{train} --model.encoding=cross --model.objective=kl --stages.epochs=2"


def test_results_that_cannot_be_read(tmp_path: Path) -> None:
    table = read_table("epitome")
    path = RunFolder(reproduce(table, str(tmp_path))[0].settings, 17).results
    path.parent.mkdir(parents=True)
    path.write_text('{"metrics": {}}', encoding="utf-8")
    with pytest.raises(UserError, match=r"results.json: expected the results of a run, it cannot be read"):
        reproduce(table, str(tmp_path))


def test_a_run_of_other_settings_than_its_row_names(tmp_path: Path) -> None:
    table = read_table("text_pairs")
    write_runs(reproduce(table, str(tmp_path))[0], [{"accuracy": 0.5}], tmp_path)
    table.rows[0].overrides["stages.epochs"] = 7
    with pytest.raises(UserError, match=r"text_pairs-cross-kl-seed17 belongs to another configuration: stages\[0\]"):
        reproduce(table, str(tmp_path))


@pytest.mark.parametrize(
    ("experiment", "message"),
    [
        ("configs/peers/absent.yaml", "expected the experiment of this table; run the command in"),
        ("configs/mvc.yaml", "expected the experiment of a peer, with the key peer"),
    ],
)
def test_an_experiment_that_does_not_fit(experiment: str, message: str) -> None:
    table = PublishedTable("t", "us", experiment, {"F1": "macro_f1"}, [PublishedRow("BERT")])
    with pytest.raises(UserError, match=message):
        reproduce(table, None)


def test_a_share_of_the_probes(tmp_path: Path) -> None:
    table = read_table("context")
    row = reproduce(table, str(tmp_path))[1]
    assert row.row.phrase == "I know how you feel."
    write_runs(row, [{"accuracy": 0.8}] * 10, tmp_path)
    metric = table.columns["everyday, with the phrase"]
    unprobed = reproduce(table, str(tmp_path))[1]
    assert (unprobed.results, unprobed.missing) == ([], row.settings.seeds), "trained, but not probed yet"
    assert unprobed.probe_command.endswith("--scorers runs/literature/epitome-ip-seed*")
    for number, seed in enumerate(row.settings.seeds):
        share = {"value": 0.5 + number / 100}
        own = {"dailydialog_dev": {"I know how you feel.": share, "I feel the same way.": {"value": 0.9}}}
        path = RunFolder(row.settings, seed).results.with_name("probes.json")
        path.write_text(json.dumps({"insertion": {"own_threshold": own}}), encoding="utf-8")
    found = reproduce(table, str(tmp_path))
    estimate = found[1].estimate(metric)
    assert estimate is not None
    assert (estimate.mean, estimate.n) == (pytest.approx(0.545), 10)
    assert found[1].falls_short("everyday, with the phrase", metric) is False, "fewer are called empathic"
    other = found[2].estimate(metric)
    assert other is not None
    assert other.mean == pytest.approx(0.9)
