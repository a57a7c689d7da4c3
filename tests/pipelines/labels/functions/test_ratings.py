"""The rater of human dialogue ratings, cross-fitted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from pipelines.labels.configuration import LabelSettings
from pipelines.labels.cross_fitting import fold_of
from pipelines.labels.functions import ratings
from pipelines.labels.functions.ratings import RATINGS, rating_loss
from pipelines.labels.turns import read_turns
from tests.pipelines.labels.invented import RESERVED, change_rating, label_settings, quick, rated_ids


@pytest.fixture
def settings(tmp_path: Path, tiny_bert: str) -> LabelSettings:
    return label_settings(tmp_path, tiny_bert)


@pytest.fixture
def turns(settings: LabelSettings) -> pd.DataFrame:
    return read_turns(settings.path, " [SEP] ")[0]


def values(turns: pd.DataFrame, settings: LabelSettings, folder: Path) -> np.ndarray:
    with quick():
        frame = RATINGS.compute(turns, settings, folder)
    assert list(frame) == list(RATINGS.values)
    return frame["relative"].to_numpy()


def test_loss_by_hand() -> None:
    assert float(rating_loss(torch.tensor([[1.0], [3.0]]), torch.tensor([0.0, 5.0]))) == 2.5


def test_raters_see_neither_their_own_fold_nor_other_splits_nor_reserved_dialogues(
    turns: pd.DataFrame, settings: LabelSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: list[tuple[list[list[list[int]]], np.ndarray]] = []

    def train(folder: Path, encoder: str, recipe: Any, data: Callable[[], Any], *_: Any) -> int:
        taught.append(data())
        return len(taught)

    monkeypatch.setattr(ratings, "load_or_train", train)
    monkeypatch.setattr(ratings, "rate", lambda rater, rows, pad: np.full((len(rows), 1), 10.0**rater))
    monkeypatch.setattr(
        ratings, "tokenize", lambda tokenizer, contexts, responses, length: [[row] for row in range(len(contexts))]
    )
    found = values(turns, settings, tmp_path / "own")
    rated = set(rated_ids(Path(str(settings.human_ratings_path)), "train")) - set(RESERVED)
    for fold, (items, targets) in enumerate(taught):
        dialogues = [set(turns["conv_id"].iloc[[row for (row,) in item]]) for item in items]
        assert all(len(one) == 1 for one in dialogues)  # an item is a dialogue
        seen = set.union(*dialogues)
        assert seen == {conv_id for conv_id in rated if fold_of(conv_id) != fold}
        assert len(targets) == len(items) == len(seen)
        assert sum(map(len, items)) == turns["conv_id"].isin(seen).sum()  # all its turns
        assert abs(float(targets.mean())) < 0.3 and targets.std() > 0.5
    for conv_id, value in zip(turns["conv_id"], found, strict=True):
        assert value == pytest.approx(10 ** (1 + fold_of(conv_id)) if conv_id in rated else (10 + 100 + 1000) / 3)


def test_the_own_rating_does_not_matter(turns: pd.DataFrame, settings: LabelSettings, tmp_path: Path) -> None:
    file = Path(str(settings.human_ratings_path))
    before = values(turns, settings, tmp_path / "before")
    assert values(turns, settings, tmp_path / "again").tolist() == before.tolist()
    rows = pd.read_csv(file)
    rows = rows[(rows["split"] == "train") & ~rows["conv_id"].isin(RESERVED)]
    # A dialogue of each end of one sheet, both of one fold: they change places, so that the sheet keeps its mean.
    some = rows[(rows["batch"] == "1_2") & rows["conv_id"].map(fold_of).eq(0)]
    low, high = (some[some["rating"] == rating]["conv_id"].iloc[0] for rating in (1, 5))
    change_rating(file, low)
    change_rating(file, high)
    after = values(turns, settings, tmp_path / "after")
    own = turns["conv_id"].isin([low, high]).to_numpy()
    assert after[own].tolist() == before[own].tolist()
    others = turns["conv_id"].isin(rows["conv_id"]).to_numpy() & turns["conv_id"].map(fold_of).ne(0).to_numpy()
    assert (after[others] != before[others]).mean() > 0.9  # it does to those whose raters saw it


def test_a_killed_function_goes_on_where_it_was(
    turns: pd.DataFrame, settings: LabelSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = values(turns, settings, tmp_path / "whole")
    rate, train, calls = ratings.rate, ratings.load_or_train, []

    def killed_later(*arguments: Any) -> np.ndarray:
        if len(calls) == 2:
            raise KeyboardInterrupt
        return rate(*arguments)

    def counted(folder: Path, *arguments: Any) -> Any:
        calls.append((folder.name, (folder / "model.safetensors").is_file()))
        return train(folder, *arguments)

    monkeypatch.setattr(ratings, "load_or_train", counted)
    with monkeypatch.context() as patch:
        patch.setattr(ratings, "rate", killed_later)
        with pytest.raises(KeyboardInterrupt):
            values(turns, settings, tmp_path / "killed")
    assert calls == [("fold0", False), ("fold1", False)]
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == ["fold0", "fold0.npy", "fold1"]
    calls.clear()
    assert values(turns, settings, tmp_path / "killed").tolist() == whole.tolist()
    assert calls == [("fold1", True), ("fold2", False)]  # the first is done, the second trained
