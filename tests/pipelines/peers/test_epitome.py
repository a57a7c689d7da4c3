"""The EPITOME model on the rails: rows, figures, score."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from modeling.encoder import load_tokenizer
from modeling.views import CONTEXT, RESPONSE
from pipelines import train
from pipelines.evaluation.predict import Outputs
from pipelines.peers.epitome import Cell, Settings
from pipelines.peers.mechanism import MechanismData, mechanism_figures
from pipelines.peers.rows import NOT_SCORED
from pipelines.training.configuration import EncoderSettings
from tests.pipelines.peers.invented_mechanisms import CUES, posts, write_config


@pytest.fixture
def cell(mechanisms: str, tiny_bert: str) -> Cell:
    data = MechanismData(path=mechanisms, mechanism="ip", shares=[0.6, 0.2, 0.2])
    settings = Settings(peer="epitome", name="tiny", data=data, encoder=EncoderSettings(tiny_bert, view_length=24))
    found = Cell(settings, Cell.read(settings), 17)
    found.tokenizer = load_tokenizer(tiny_bert)
    return found


def test_the_mechanisms_own_file_is_read(cell: Cell) -> None:
    frame = pd.concat(cell.frames.values()).set_index("id")
    assert len(frame) == 60
    for post in posts():
        row = frame.loc[f"{post['sp_id']}_{post['rp_id']}"]
        level = post["levels"]["ip"]
        assert (row["level"], row["rationales"]) == (level, [CUES["ip"][level]] if level else [])
    assert (cell.settings.variant, cell.settings.cell_name(39)) == ("ip", "epitome-ip-seed39")


def test_a_rows_rationale_is_marked_on_its_responses_tokens(cell: Cell) -> None:
    model = cell.build_model()
    frame = cell.frames["train"]
    rows = cell.rows(frame, model)
    assert cell.tokenizer is not None
    for place, row in enumerate(rows):
        post = frame.iloc[place]
        assert row.labels["level"] == post["level"]
        marks = row.labels["rationale"]
        assert isinstance(marks, list) and len(marks) == len(row.input_ids)
        seeker = row.view_ids.count(CONTEXT)
        assert row.view_ids == [CONTEXT] * seeker + [RESPONSE] * (len(marks) - seeker)
        assert set(marks[:seeker]) == {NOT_SCORED}
        assert marks[seeker] == marks[-1] == NOT_SCORED  # special tokens
        inside = [token for token, mark in zip(row.input_ids, marks, strict=True) if mark == 1]
        texts = [cell.tokenizer(text, add_special_tokens=False)["input_ids"] for text in post["rationales"]]
        expected = [token for text in texts for token in text]
        cut = len(row.input_ids) - seeker == 24
        assert inside == (expected[: len(inside)] if cut else expected)
    assert any(1 in row.labels["rationale"] for row in rows)  # type: ignore[operator]


def test_a_long_seeker_post_keeps_its_end_and_a_long_response_its_beginning(cell: Cell) -> None:
    assert cell.tokenizer is not None
    first, second = "It rained. " * 20 + "My cat died.", "I see. " + "Then drink tea. " * 20
    (row,) = cell.pairs([first], [second], cell.build_model(), cell.tokenizer)
    ids = np.array(row.input_ids)
    seeker, response = (ids[np.array(row.view_ids) == view].tolist() for view in (CONTEXT, RESPONSE))
    assert len(seeker) == len(response) == 24
    assert seeker[1:] == cell.tokenizer(first)["input_ids"][-23:]
    assert response[:-1] == cell.tokenizer(second)["input_ids"][:23]
    assert row.labels == {}


def test_figures_over_all_pairs_and_over_those_with_a_rationale() -> None:
    masks = [([0, 1, 1], [0, 1, 1]), ([1, 0], [0, 0]), ([0, 0], [0, 0]), ([1, 0, 0, 0], [1, 1, 1, 0])]
    found = mechanism_figures(np.array([2, 1, 0, 0]), np.array([2, 0, 0, 1]), masks)
    assert found["accuracy"] == 0.5
    assert found["macro_f1"] == pytest.approx((0.5 + 0.0 + 1.0) / 3)
    token_f1 = [1.0, 0.0, 1.0, 2 * 1 / (1 + 3)]
    iou_f1 = [1.0, 0.0, 1.0, 0.0]
    assert found["token_f1_all"] == pytest.approx(np.mean(token_f1))
    assert found["iou_f1_all"] == pytest.approx(np.mean(iou_f1))
    assert found["token_f1_with_rationale"] == pytest.approx((1.0 + 0.5) / 2)
    assert found["iou_f1_with_rationale"] == pytest.approx(0.5)


def test_rationales_are_compared_on_scored_tokens_alone(cell: Cell) -> None:
    marks = np.array([NOT_SCORED, NOT_SCORED, 0, 1, NOT_SCORED])
    logits = np.zeros((5, 2))
    logits[[0, 1, 2, 4], 1] = 9.0  # outside, outside, wrong, padding
    logits[3, 1] = 9.0
    found = Outputs({"level_logits": [np.eye(3)[1]], "rationale_logits": [logits]}, {"rationale": [marks]}, 0.0)
    frame = pd.DataFrame({"id": ["a"], "level": [1]})
    table = cell.predictions(found, frame)
    assert (table["rationale"][0], table["rationale_pred"][0]) == ([0, 1], [1, 1])
    figures = cell.figures(found, frame)
    assert figures["token_f1_all"] == pytest.approx(2 / 3)
    assert figures["accuracy"] == 1.0


def test_the_score_is_the_expected_level() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 50.0], [0.0, np.log(3.0), -np.inf]])
    given: Any = SimpleNamespace(level_logits=logits)
    torch.testing.assert_close(Cell.empathy(given, "er"), torch.tensor([1.0, 2.0, 0.75]))


def test_it_learns_the_cue_of_its_mechanism(tmp_path: Path, tiny_bert: str, mechanisms: str) -> None:
    stage = {"objective": "multitask", "epochs": 25, "batch_size": 8, "learning_rate": 2e-3, "head_learning_rate": 2e-3}
    config = write_config(tmp_path, "epitome", tiny_bert, mechanisms, stages=[stage], data={"mechanism": "ex"})
    assert train.main([config]) == 0
    frame = pd.read_parquet(tmp_path / "runs" / "tiny" / "epitome-ex-seed17" / "predictions" / "test.parquet")
    assert list(frame) == ["id", "level", "level_logits", "rationale", "rationale_pred"]
    predicted = np.stack(frame["level_logits"].tolist()).argmax(axis=1)
    assert (predicted == frame["level"]).mean() > 0.7  # a third by chance
    cues = frame[frame["level"] > 0]
    right = [
        np.mean(np.equal(one, other)) for one, other in zip(cues["rationale"], cues["rationale_pred"], strict=True)
    ]
    assert np.mean(right) > 0.8
