"""Two sentences: who is best, and who is not shown to be better than a trivial predictor."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import permutation_test

from pipelines.reporting import svg, write_report
from pipelines.reporting.aggregate import metric_columns, references_of, rows_of
from pipelines.reporting.collect import collect
from pipelines.reporting.comparisons import against_trivial
from pipelines.reporting.study import GroupStudy, study

Write = Callable[..., Path]


def only_group(folder: Path) -> GroupStudy:
    (group,) = study(collect([folder]), "").groups
    return group


def test_every_system_beats_the_trivial_ones(three_families: Path) -> None:
    group = only_group(three_families)
    best, above = group.verdict
    assert best.startswith("Best on average: mvc, λ 0.1 on MAE (0.")
    assert above == (
        "Every system beats the best of a constant, length and bags of words on MAE and accuracy, beyond what chance "
        "over dialogues gives."
    )
    assert {(test.row, test.reference, test.metric.key) for test in group.against} == {
        (row, reference, metric)
        for row in ("baseline, λ 0.1", "stm, λ 0.1", "mvc, λ 0.1", "mvc, λ 0.3")
        for reference, metric in (("constant", "mae"), ("majority", "accuracy"))
    }


def noisy(frame: pd.DataFrame, noise: float, wrong: bool = False) -> pd.DataFrame:
    """Scores off by `noise`; where `wrong`, the same emotion always."""
    random = np.random.default_rng(5)
    scores = (frame["empathy_true"] + random.normal(0, noise, len(frame))).clip(1, 5).astype(np.float32)
    logits = [np.eye(32)[0] * 9] * len(frame) if wrong else frame["emotion_logits"]
    return frame.assign(empathy_pred=scores, emotion_logits=logits)


def test_what_is_not_shown_is_said(
    tmp_path: Path, write_run: Write, write_references: Write, perfect: pd.DataFrame
) -> None:
    runs = tmp_path / "e"
    write_run(runs, "baseline", 0.1, 17, noisy(perfect, 3.0, wrong=True))
    write_run(runs, "mvc", 0.1, 17, noisy(perfect, 0.1))
    write_references(runs, perfect)
    best, above = only_group(runs).verdict
    assert re.fullmatch(
        r"Best on average: mvc on MAE \(0\.0\d\), Spearman ρ \((1\.00|0\.99)\) and accuracy \(1\.00\)\.", best
    )
    assert above == (
        "Not shown to beat the best of a constant, length and bags of words beyond what chance over dialogues gives: "
        "baseline on MAE and accuracy."
    )


def test_what_holds_of_all_systems_is_said_once(
    tmp_path: Path, write_run: Write, write_references: Write, perfect: pd.DataFrame
) -> None:
    runs = tmp_path / "e"
    for family in ("baseline", "mvc"):
        write_run(runs, family, 0.1, 17, noisy(perfect, 0.1, wrong=True))
    write_references(runs, perfect)
    assert only_group(runs).verdict[1].endswith(" gives: all systems on accuracy.")


def test_a_reference_may_be_the_best(
    tmp_path: Path, write_run: Write, write_references: Write, perfect: pd.DataFrame
) -> None:
    runs = tmp_path / "e"
    write_run(runs, "mvc", 0.1, 17, noisy(perfect, 3.0))
    write_references(runs, perfect)
    best, above = only_group(runs).verdict
    assert best.startswith("Best on average: a constant on MAE (")
    assert "; mvc on Spearman ρ (" in best
    assert above.endswith(": mvc on MAE.")


def test_without_references(tmp_path: Path, write_run: Write, perfect: pd.DataFrame) -> None:
    write_run(tmp_path / "e", "mvc", 0.1, 17, noisy(perfect, 0.1))
    assert only_group(tmp_path / "e").verdict[1] == (
        "No references on these data were found, so nothing tells these figures from trivial ones."
    )


def test_the_p_value_is_that_of_scipy(
    tmp_path: Path, write_run: Write, write_references: Write, perfect: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.reporting.comparisons.RESAMPLES", 4000)
    runs = tmp_path / "e"
    frame = noisy(perfect, 1.35)
    write_run(runs, "mvc", 0.1, 17, frame)
    write_references(runs, perfect)
    group = collect([runs]).groups[0]
    columns = [column for column in metric_columns() if column.key == "mae"]
    (test,) = against_trivial(rows_of(group), references_of(group), columns)
    errors = pd.DataFrame(
        {
            "conv_id": frame["conv_id"],
            "row": (frame["empathy_pred"] - frame["empathy_true"]).abs(),
            "constant": (3.0 - frame["empathy_true"]).abs(),
        }
    )
    sums = errors.groupby("conv_id").sum()
    found = permutation_test(
        (sums["row"].to_numpy(), sums["constant"].to_numpy()),
        lambda a, b, axis: (a.sum(axis) - b.sum(axis)) / len(frame),
        permutation_type="samples",
        n_resamples=4000,
        vectorized=True,
        rng=1,
    )
    assert test.difference == pytest.approx(found.statistic, abs=1e-5)
    assert test.p_value == pytest.approx(found.pvalue, abs=0.03)
    assert 0.001 < test.p_value < 0.999


def test_the_verdict_stands_first_in_every_format(
    three_families: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(svg, "_to_svg", lambda figure, name: '<svg viewBox="0 0 1 1"></svg>')
    written = write_report([three_families], tmp_path / "out")
    sentences = only_group(three_families).verdict
    html, markdown = written["html"].read_text(), written["markdown"].read_text()
    assert html.index(sentences[1]) < html.index("Read first" if "Read first" in html else 'id="g1"')
    assert f"\n\n{' '.join(sentences)}\n\n" in markdown
    assert all(f"% {sentence}" in written["latex"].read_text() for sentence in sentences)
    figures = json.loads(written["json"].read_text())["groups"][0]
    assert figures["verdict"] == list(sentences)
    assert all(test["better"] for test in figures["against_trivial"])

    # Two decimals, and an interval over two seeds is folded away.
    mae = next(row for row in figures["rows"] if row["name"] == "mvc" and row["lambda_emo"] == 0.1)["metrics"]["mae"]
    shown, interval = f"{mae['mean']:.2f} ± {mae['sd']:.2f}", f"[{mae['low']:.2f}, {mae['high']:.2f}]"
    assert f"| {shown} |" in markdown
    assert interval not in markdown
    assert f'<details class="folded"><summary>interval</summary><small>{interval}</small></details>' in html
    assert "An interval over two seeds spans nine standard deviations" in markdown
    assert f"{mae['mean']:.2f}" in written["latex"].read_text()
