from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.reporting.aggregate import metric_columns, references_of, rows_of
from pipelines.reporting.collect import collect
from pipelines.reporting.comparisons import best_marks, compare_rows


def test_pairs_at_a_shared_weight_are_tested_on_three_metrics(three_families: Path) -> None:
    rows = rows_of(collect([three_families]).groups[0])
    tests = compare_rows(rows, metric_columns())
    assert [(test.a, test.b, test.metric.key) for test in tests] == [
        (a, b, metric)
        for a, b in (("baseline", "stm"), ("baseline", "mvc"), ("stm", "mvc"))
        for metric in ("mae", "spearman", "accuracy")
    ]
    assert {test.lambda_emo for test in tests} == {0.1}
    for test in tests:
        mean = {row.name: row.estimate(test.metric) for row in rows if row.lambda_emo == 0.1}
        assert test.difference == pytest.approx(mean[test.a].mean - mean[test.b].mean, abs=1e-6)
        assert test.low < test.difference < test.high
        assert test.p_holm >= test.p_value


def test_paired_are_rows_of_one_augmentation_and_a_family_with_and_without(
    tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame
) -> None:
    kinds: list[dict[str, str]] = [
        {},
        {"augmentation": "context-aware"},
        {"augmentation": "phrases"},
        {"seen": "response"},
    ]
    for k, added in enumerate(kinds):
        for family in ("baseline", "mvc"):
            write_run(tmp_path / f"e{k}", family, 0.1, 17, perfect, experiment="e", **added)
    rows = rows_of(collect([tmp_path / f"e{k}" for k in range(len(kinds))]).groups[0])
    tests = compare_rows(rows, metric_columns())
    assert len(rows) == 8
    assert {(test.a, test.b) for test in tests} == {
        ("baseline", "mvc"),
        ("baseline", "baseline + context-aware"),
        ("baseline", "baseline + phrases"),
        ("baseline + context-aware", "mvc + context-aware"),
        ("baseline + phrases", "mvc + phrases"),
        ("mvc", "mvc + context-aware"),
        ("mvc", "mvc + phrases"),
    }
    assert len(tests) == 7 * 3


def test_holm_is_over_all_pairs_of_the_table(hybrid_experiments: list[Path]) -> None:
    tests = compare_rows(rows_of(collect(hybrid_experiments).groups[0]), metric_columns())
    assert [(test.a, test.b) for test in tests[::3]] == [("baseline", "mvc"), ("mvc", "mvc + context-aware")]
    mae = {test.b: test for test in tests if test.metric.key == "mae"}
    # The augmented scores have a third of the noise: p is the least that 200 permutations give, times six tests.
    assert mae["mvc + context-aware"].p_value == pytest.approx(1 / 201)
    assert mae["mvc + context-aware"].p_holm == pytest.approx(6 / 201)
    assert mae["mvc + context-aware"].better == "mvc + context-aware"


def test_people_and_probes_have_no_best(hybrid_experiments: list[Path]) -> None:
    marks = best_marks(rows_of(collect(hybrid_experiments).groups[0]), [], metric_columns())
    assert marks["mae"].best == "mvc + context-aware, λ 0.1"
    assert not {"people_spearman", "insertion_flips", "context_swap"} & set(marks)


def test_the_better_row_depends_on_the_direction_of_the_metric(
    tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame
) -> None:
    worse = perfect.assign(empathy_pred=(6 - perfect["empathy_true"]).astype(np.float32))
    for seed in (17, 39):
        write_run(tmp_path / "e", "mvc", 0.1, seed, perfect)
        write_run(tmp_path / "e", "baseline", 0.1, seed, worse)
    tests = compare_rows(rows_of(collect([tmp_path / "e"]).groups[0]), metric_columns())
    assert {test.metric.key: test.better for test in tests} == {"mae": "mvc", "spearman": "mvc", "accuracy": None}
    assert next(test for test in tests if test.metric.key == "spearman").difference == pytest.approx(-2)


def test_rows_without_a_common_seed_are_not_paired(
    tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame
) -> None:
    write_run(tmp_path / "e", "mvc", 0.1, 17, perfect)
    write_run(tmp_path / "e", "baseline", 0.1, 39, perfect)
    rows = rows_of(collect([tmp_path / "e"]).groups[0])
    assert compare_rows(rows, metric_columns()) == []
    assert best_marks(rows, [], metric_columns()) == {}


def test_a_reference_can_be_the_best(three_families: Path) -> None:
    group = collect([three_families]).groups[0]
    constant = next(reference for reference in group.references if reference.name == "constant")
    constant.metrics["empathy"]["mae"] = 0.0
    marks = best_marks(rows_of(group), references_of(group), metric_columns())
    assert marks["mae"].best == "constant"


def test_references_do_not_compete_on_calibration(three_families: Path) -> None:
    group = collect([three_families]).groups[0]
    mark = best_marks(rows_of(group), references_of(group), metric_columns())["ece"]
    assert "majority" not in (mark.best, mark.second)


def test_equal_rows_have_no_significant_best(
    tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame
) -> None:
    for family in ("baseline", "mvc"):
        write_run(tmp_path / "e", family, 0.1, 17, perfect)
    marks = best_marks(rows_of(collect([tmp_path / "e"]).groups[0]), [], metric_columns())
    assert marks["mae"].p_holm == 1
    assert not any(mark.significant for mark in marks.values())
