"""Raters of text pairs: what they read, their figures, their score, rated stories."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from sklearn.metrics import f1_score

from pipelines import train
from pipelines.errors import UserError
from pipelines.evaluation.predict import Outputs
from pipelines.evaluation.scorers import load_scorer
from pipelines.peers.text_pairs import Cell, Settings, TextPairsData, TextPairsModelSettings
from pipelines.probes.pairs import one_turn, pair_row
from pipelines.training.configuration import EncoderSettings
from tests.pipelines.peers.invented_mechanisms import posts, write_config


def settings(path: str, encoder: str = "none", corpus: Any = "epitome", **model: Any) -> Settings:
    data = TextPairsData(path=path, corpus=corpus, shares=[0.6, 0.2, 0.2])
    of_encoder = EncoderSettings(encoder, view_length=48)
    return Settings(
        peer="text_pairs", name="tiny", data=data, model=TextPairsModelSettings(**model), encoder=of_encoder
    )


def write_stories(folder: Path) -> str:
    """30 rated pairs of invented stories."""
    file = folder / "pairs.csv"
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["story_A", "story_B", "similarity_empathy_human_AGG"])
        for number in range(30):
            other = "My cat died" if number % 3 == 2 else "It rained"
            writer.writerow([f"My cat died on day {number}.", f"{other} on day {number + 1}.", 1 + number % 3])
    return str(file)


def test_levels_are_summed_and_merged_above_three(mechanisms: str) -> None:
    frame = Cell.read(settings(mechanisms)).set_index("id")
    sums = {f"{post['sp_id']}_{post['rp_id']}": sum(post["levels"].values()) for post in posts()}
    assert len(frame) == 60
    assert frame["level"].to_dict() == {name: min(total, 3) for name, total in sums.items()}
    assert frame["target"].to_dict() == {name: pytest.approx(total / 6) for name, total in sums.items()}
    assert frame.loc["s0_r1", ["group", "first"]].tolist() == ["s0", "My cat died on day 0."]
    assert frame.loc["s0_r1", "second"] == posts()[1]["response_post"]


def test_answers_to_one_post_stay_together_and_seeds_cut_otherwise(mechanisms: str, tiny_bert: str) -> None:
    given = settings(mechanisms, tiny_bert)
    frame = Cell.read(given)
    cells = [Cell(given, frame, seed) for seed in (17, 39)]
    for cell in cells:
        groups = [set(part["group"]) for part in cell.frames.values()]
        assert [len(part) for part in cell.frames.values()] == [36, 12, 12]
        assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
    assert set(cells[0].frames["test"]["id"]) != set(cells[1].frames["test"]["id"])
    assert cells[0].data_fingerprint == cells[1].data_fingerprint


def test_excluded_ids_are_left_out(mechanisms: str, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("s3\nr0\n", encoding="utf-8")
    given = settings(mechanisms)
    given.data.exclude_ids = str(tmp_path / "ids.txt")
    assert not {"s3_r6", "s3_r7", "s0_r0"} & set(Cell.read(given)["id"])
    assert len(Cell.read(given)) == 57


def test_a_regression_starts_from_the_mean_of_the_training_targets(mechanisms: str, tiny_bert: str) -> None:
    given = settings(mechanisms, tiny_bert, objective="mse")
    cell = Cell(given, Cell.read(given), 17)
    model = cell.build_model()
    assert model.config.first_score == pytest.approx(cell.frames["train"]["target"].mean())
    assert (model.config.num_levels, model.config.encoding) == (4, "cross")


def test_figures_of_a_classification(mechanisms: str, tiny_bert: str) -> None:
    given = settings(mechanisms, tiny_bert)
    cell = Cell(given, Cell.read(given), 17)
    frame = pd.DataFrame({"level": [0, 1, 1, 3], "target": [0.0, 1 / 6, 1 / 6, 0.5]})
    logits = list(np.eye(4)[[0, 1, 0, 2]])
    figures = cell.figures(Outputs({"logits": logits}, {}, 0.0), frame)
    by_class = [2 / 3, 2 / 3, 0.0, 0.0]  # F1 of the classes 0 to 3
    assert figures["accuracy"] == pytest.approx(0.5)
    assert figures["macro_f1"] == pytest.approx(np.mean(by_class))
    assert figures["weighted_f1"] == pytest.approx(np.average(by_class, weights=[1, 2, 0, 1]))
    assert figures["weighted_f1"] == pytest.approx(
        f1_score([0, 1, 1, 3], [0, 1, 0, 2], average="weighted", zero_division=0.0)
    )


def test_figures_of_a_regression(mechanisms: str, tiny_bert: str) -> None:
    given = settings(mechanisms, tiny_bert, encoding="bi", objective="cosine")
    cell = Cell(given, Cell.read(given), 17)
    target, score = [0.0, 0.5, 1.0, 0.25], [0.1, 0.9, 0.8, -0.5]
    frame = pd.DataFrame({"level": 0, "target": target})
    figures = cell.figures(Outputs({"score": [np.array(one) for one in score]}, {}, 0.0), frame)
    gaps = np.subtract(score, target)
    assert figures["mse"] == pytest.approx((gaps**2).mean())
    assert figures["mae"] == pytest.approx(np.abs(gaps).mean())
    assert figures["pearson"] == pytest.approx(stats.pearsonr(score, target).statistic)
    assert figures["spearman"] == pytest.approx(stats.spearmanr(score, target).statistic)


def test_the_score_is_the_expected_class_or_the_regressions_own() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 50.0], [0.0, 0.0, np.log(3.0), -np.inf]])
    found = Cell.empathy(Given(logits=logits, score=None), "cross-kl")
    torch.testing.assert_close(found, torch.tensor([1.5, 3.0, (1 + 2 * 3) / 5]))
    score = torch.tensor([0.25, -0.5], dtype=torch.bfloat16)
    assert Cell.empathy(Given(logits=None, score=score), "bi-mse").tolist() == [0.25, -0.5]


class Given:
    """A network's output with these fields."""

    def __init__(self, **fields: torch.Tensor | None) -> None:
        self.__dict__.update(fields)


@pytest.mark.parametrize(("encoding", "objective"), [("bi", "contrastive"), ("bi", "cosine"), ("cross", "mae")])
def test_rated_stories_train_a_regression(tmp_path: Path, tiny_bert: str, encoding: str, objective: str) -> None:
    data = {"path": write_stories(tmp_path), "corpus": "stories"}
    model = {"encoding": encoding, "objective": objective}
    config = write_config(tmp_path, "text_pairs", tiny_bert, "", data=data, model=model)
    assert train.main([config]) == 0
    run = tmp_path / "runs" / "tiny" / f"text_pairs-{encoding}-{objective}-stories-seed17"
    frame = pd.read_parquet(run / "predictions" / "test.parquet")
    assert list(frame) == ["id", "level", "target", "score"]
    assert set(frame["target"]) <= {0.0, 0.5, 1.0}
    row = pair_row(one_turn("My cat died on day 3."), "It rained on day 4.")
    assert -2 < load_scorer(str(run)).score([row])[0] < 2


@pytest.mark.parametrize(
    ("corpus", "model", "message"),
    [
        ("epitome", {"encoding": "cross", "objective": "cosine"}, "expected cosine with model.encoding bi"),
        ("stories", {"objective": "kl"}, "expected a loss of regression for rated stories, got kl"),
    ],
)
def test_options_that_do_not_fit_are_refused(corpus: str, model: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"model.objective: {message}"):
        settings("anywhere", corpus=corpus, **model)


def test_variants() -> None:
    assert settings("x").variant == "cross-cross_entropy"
    assert settings("x", corpus="stories", encoding="bi", objective="cosine").variant == "bi-cosine-stories"
    assert settings("x").cell_name(39) == "text_pairs-cross-cross_entropy-seed39"
