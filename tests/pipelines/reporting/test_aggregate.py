from pathlib import Path

import pytest

from pipelines.reporting.aggregate import Row, merge_signatures, metric_columns, rows_of, system_name
from pipelines.reporting.collect import collect


def test_columns_follow_the_literature_and_know_their_direction() -> None:
    columns = metric_columns()
    assert [column.key for column in columns] == [
        "mae", "spearman", "pearson", "mse", "qwk", "accuracy", "top5", "macro_f1", "ece",
        "people_spearman", "people_spearman_within_rater", "people_mae", "people_spearman_responses",
        "insertion_flips", "context_swap",
    ]  # fmt: skip
    assert {column.key for column in columns if column.direction == "min"} == {
        "mae", "mse", "ece", "people_mae", "insertion_flips",
    }  # fmt: skip
    assert {column.task for column in columns if not column.is_predicted} == {"people", "probes"}


def test_a_newly_registered_metric_is_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.evaluation.metrics import EMPATHY_METRICS, Metric

    monkeypatch.setitem(EMPATHY_METRICS, "bias", Metric(lambda pred, true: 0.0, "min"))
    assert [column.title for column in metric_columns()][5] == "bias"


def test_rows_are_by_family_and_falling_weight(three_families: Path) -> None:
    rows = rows_of(collect([three_families]).groups[0])
    assert [(row.name, row.lambda_emo, row.seeds) for row in rows] == [
        ("baseline", 0.1, [17, 39]),
        ("stm", 0.1, [17, 39]),
        ("mvc", 0.3, [17, 39]),
        ("mvc", 0.1, [17, 39]),
    ]


def test_main_rows_come_by_family_and_augmentation_and_twins_last(hybrid_experiments: list[Path]) -> None:
    groups = collect(hybrid_experiments).groups
    assert len(groups) == 1
    rows = rows_of(groups[0])
    assert [(row.name, row.family, row.augmentation, row.seen, row.is_twin) for row in rows] == [
        ("baseline", "baseline", "none", "both", False),
        ("mvc", "mvc", "none", "both", False),
        ("mvc + context-aware", "mvc", "context-aware", "both", False),
        ("mvc, response only", "mvc", "none", "response", True),
    ]
    assert [row.experiment for row in rows] == ["hybrid", "hybrid", "hybrid-augmented", "hybrid-response"]
    assert {tuple(row.seeds) for row in rows} == {(17, 39, 43)}


def test_a_system_is_named_by_what_it_saw() -> None:
    assert system_name("stm", "none", "context") == "stm, context only"
    assert system_name("stm", "context-aware", "response") == "stm + context-aware, response only"


def test_people_and_probes_are_averaged_over_seeds(hybrid_experiments: list[Path]) -> None:
    columns = {column.key: column for column in metric_columns()}
    mvc = rows_of(collect(hybrid_experiments).groups[0])[1]
    assert mvc.values(columns["people_spearman"]) == [0.3, 0.31, 0.32]
    assert mvc.values(columns["insertion_flips"]) == pytest.approx([0.4, 0.38, 0.36])
    estimate = mvc.estimate(columns["people_spearman"])
    # half of the t interval: 4.302653 * .01 / sqrt(3) = .024841
    assert estimate == pytest.approx((0.31, 0.01, 3, 0.285159, 0.334841), abs=1e-6)


def test_a_seed_that_was_not_probed_leaves_the_row_without_figures(hybrid_experiments: list[Path]) -> None:
    (hybrid_experiments[0] / "mvc-lambda0.1-seed39" / "probes.json").unlink()
    columns = {column.key: column for column in metric_columns()}
    mvc = rows_of(collect(hybrid_experiments).groups[0])[1]
    assert mvc.values(columns["context_swap"]) == []
    assert mvc.estimate(columns["context_swap"]) is None
    assert mvc.estimate(columns["people_spearman"]) is not None


def test_an_undefined_figure_of_one_seed_leaves_the_mean_undefined(three_families: Path) -> None:
    row = rows_of(collect([three_families]).groups[0])[0]
    spearman = next(column for column in metric_columns() if column.key == "spearman")
    row.runs[0].results["metrics"]["test"]["empathy"]["spearman"] = None
    assert row.estimate(spearman) is None


def test_the_experiment_tells_rows_of_one_family_apart(three_families: Path, tmp_path: Path) -> None:
    import json
    import shutil

    other = tmp_path / "runs" / "other"
    shutil.copytree(three_families / "mvc-lambda0.1-seed17", other / "mvc-lambda0.1-seed17")
    path = other / "mvc-lambda0.1-seed17" / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"experiment": "other"}))
    names = [row.name for row in rows_of(collect([three_families, other]).groups[0])]
    assert names == ["baseline", "stm", "mvc", "mvc (invented)", "mvc (other)"]


def test_signatures_list_what_differs() -> None:
    assert merge_signatures(["a:1|seed:17|v:2", "a:1|seed:39|v:2"]) == "a:1|seed:17,39|v:2"
    assert merge_signatures(["a:1|seed:17"]) == "a:1|seed:17"
    assert merge_signatures(["a:1", "a:1|b:2"]) == "a:1 / a:1|b:2"


def test_means_of_what_is_not_recorded_are_none() -> None:
    class Fake:
        meta = {"latency": {"batch1_median_ms": 2.0}}  # noqa: RUF012

    row = Row("mvc", "e", "mvc", 0.1, [Fake(), Fake()])  # type: ignore[list-item]
    assert row.meta_mean("latency", "batch1_median_ms") == 2.0
    assert row.meta_mean("parameters") is None
