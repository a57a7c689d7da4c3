import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.reporting.aggregate import metric_columns, references_of, rows_of
from pipelines.reporting.cautions import group_cautions, report_cautions
from pipelines.reporting.collect import collect


def cautions(*folders: Path) -> str:
    found = collect(folders)
    lines = report_cautions(found.groups, found.unfinished)
    for group in found.groups:
        rows = rows_of(group)
        columns = [column for column in metric_columns() if any(row.values(column) for row in rows)]
        lines += group_cautions(group, rows, references_of(group), columns)
    return "\n".join(lines)


def test_few_seeds_are_said(three_families: Path) -> None:
    assert "Fewer than 3 seeds: baseline, λ 0.1 (2); stm, λ 0.1 (2); mvc, λ 0.3 (2)" in cautions(three_families)


def test_collapsed_scores_are_said(tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame) -> None:
    spread = perfect["empathy_true"].std(ddof=0)
    for seed, share in ((17, 0.09), (39, 0.11)):
        scores = 3 + (perfect["empathy_true"] - perfect["empathy_true"].mean()) * share
        assert np.isclose(scores.std(ddof=0), share * spread, rtol=1e-5)
        write_run(tmp_path / "e", "mvc", 0.1, seed, perfect.assign(empathy_pred=scores.astype(np.float32)))
    text = cautions(tmp_path / "e")
    assert "mvc, λ 0.1, seed 17: the predicted scores have collapsed" in text
    assert "39: the predicted scores" not in text


def test_one_predicted_emotion_is_said(tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame) -> None:
    same = [np.eye(32, dtype=np.float32)[3]] * len(perfect)
    write_run(tmp_path / "e", "mvc", 0.1, 17, perfect.assign(emotion_logits=same))
    assert "mvc, λ 0.1, seed 17: predicts one emotion for nearly every example" in cautions(tmp_path / "e")


def test_mixed_data_are_said_and_kept_apart(
    tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame
) -> None:
    write_run(tmp_path / "e", "mvc", 0.1, 17, perfect)
    write_run(tmp_path / "e", "mvc", 0.1, 39, perfect, fingerprint="a" * 64, context_view="situation")
    assert "The runs differ in context view and data fingerprint, so they are not comparable" in cautions(
        tmp_path / "e"
    )


def test_no_better_than_a_reference_is_said(
    tmp_path: Path, write_run: Callable[..., Path], write_references: Callable[..., Path], perfect: pd.DataFrame
) -> None:
    worse = perfect.assign(empathy_pred=(6 - perfect["empathy_true"]).astype(np.float32))
    write_run(tmp_path / "e", "mvc", 0.1, 17, worse)
    write_references(tmp_path / "e", perfect)
    text = cautions(tmp_path / "e")
    assert "On MAE, mvc, λ 0.1 did no better than the reference constant" in text
    assert "On accuracy" not in text


def test_missing_references_unfinished_cells_and_other_seeds_are_said(
    tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame
) -> None:
    write_run(tmp_path / "e", "mvc", 0.1, 17, perfect, signature="seed:17|precision:fp32")
    write_run(tmp_path / "e", "mvc", 0.1, 39, perfect, signature="seed:39|precision:bf16")
    write_run(tmp_path / "e", "stm", 0.1, 17, perfect)
    (write_run(tmp_path / "e", "stm", 0.1, 39, perfect) / "results.json").unlink()
    text = cautions(tmp_path / "e")
    assert "No references on these data were found" in text
    assert "Unfinished, and in no table: stm-lambda0.1-seed39." in text
    assert "tested on the common ones only (stm, λ 0.1: 17; mvc, λ 0.1: 17, 39)" in text
    assert "different settings (seed:17,39|precision:fp32,bf16)" in text


def test_the_sample_corpus_measures_nothing(
    tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame
) -> None:
    write_run(tmp_path / "e", "mvc", 0.1, 17, perfect, corpus="sample")
    assert "measure nothing about people" in cautions(tmp_path / "e")


def test_seeds_that_were_not_audited_or_probed_are_said(hybrid_experiments: list[Path]) -> None:
    assert "probes.json" not in cautions(*hybrid_experiments)
    (hybrid_experiments[0] / "mvc-lambda0.1-seed39" / "probes.json").unlink()
    (hybrid_experiments[0] / "baseline-lambda0.1-seed17" / "human_agreement.json").unlink()
    text = cautions(*hybrid_experiments)
    assert "mvc, λ 0.1, seed 39: probes.json is missing or lacks a set that other seeds of the row have" in text
    assert "so the row has no such figure; run `empathy probe` on it" in text
    assert "baseline, λ 0.1, seed 17: human_agreement.json is missing" in text


def test_a_row_without_any_probe_needs_no_caution(hybrid_experiments: list[Path]) -> None:
    for seed in (17, 39, 43):
        (hybrid_experiments[0] / f"mvc-lambda0.1-seed{seed}" / "probes.json").unlink()
    assert "probes.json" not in cautions(*hybrid_experiments)


def test_figures_over_other_examples_are_said(hybrid_experiments: list[Path]) -> None:
    path = hybrid_experiments[0] / "mvc-lambda0.1-seed39" / "human_agreement.json"
    content = json.loads(path.read_text())
    content["sets"]["dialogues"]["n"] = 99
    path.write_text(json.dumps(content))
    text = cautions(*hybrid_experiments)
    assert "people MAE, dialogues is over 99 and 120 examples in different runs, so it is not comparable" in text
    assert "people ρ, responses is over" not in text
