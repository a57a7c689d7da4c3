"""The EPITOME rater."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import log_softmax

from pipelines.labels.functions import epitome
from pipelines.labels.functions.epitome import EPITOME, expected_levels, mechanism_loss
from tests.pipelines.labels.invented import label_settings, quick


def test_loss_is_the_sum_over_the_mechanisms() -> None:
    logits = np.random.default_rng(0).normal(size=(4, 9))
    levels = np.array([[0, 1, 2], [2, 2, 2], [1, 0, 0], [0, 0, 1]])
    expected = sum(
        -log_softmax(logits[:, 3 * place : 3 * place + 3], axis=1)[np.arange(4), levels[:, place]].mean()
        for place in range(3)
    )
    found = mechanism_loss(torch.tensor(logits), torch.tensor(levels))
    assert float(found) == pytest.approx(expected)


def test_expected_levels_by_hand(tiny_bert: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = np.array([[0.2, 0.3, 0.5, 1 / 3, 1 / 3, 1 / 3, 0.9, 0.05, 0.05]])
    monkeypatch.setattr(epitome, "rate", lambda rater, ids, pad: np.log(shares) + 7)
    found = expected_levels(None, tiny_bert, ["I lost"], ["Sorry"])  # type: ignore[arg-type]
    assert found.tolist() == [pytest.approx([1.3, 1.0, 0.15])]


def test_excluded_pairs_are_not_learnt_from(tmp_path: Path, tiny_bert: str) -> None:
    settings = label_settings(tmp_path, tiny_bert)
    items, levels = epitome._training_data(settings)
    assert (len(items), levels.shape) == (23, (23, 3))  # 24 pairs, one excluded
    assert levels[0].tolist() == [0, 1, 2]


def test_a_trained_rater_gives_levels_and_reads_the_context(tmp_path: Path, tiny_bert: str) -> None:
    turns = pd.DataFrame({"context": ["my cat died", "won a race"], "response": ["so sorry", "so sorry"]})
    with quick():
        frame = EPITOME.compute(turns, label_settings(tmp_path, tiny_bert), tmp_path / "own")
        again = EPITOME.compute(turns, label_settings(tmp_path, tiny_bert), tmp_path / "own")
    assert list(frame) == ["er", "ip", "ex"]
    assert frame.to_numpy().min() > 0 and frame.to_numpy().max() < 2
    assert not np.allclose(frame.iloc[0], frame.iloc[1], atol=1e-6)
    pd.testing.assert_frame_equal(frame, again, check_exact=True)  # the rater in the folder
