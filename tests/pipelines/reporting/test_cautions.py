from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.reporting.collect import collect
from pipelines.reporting.study import study


def cautions(*folders: Path) -> str:
    found = study(collect(folders), "empathy report")
    return "\n".join([*found.cautions, *(line for group in found.groups for line in group.cautions)])


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
