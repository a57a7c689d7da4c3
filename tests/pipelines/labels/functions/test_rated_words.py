"""Ridge regressions of human ratings: on words, and on embeddings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import UserError
from pipelines.labels.configuration import LabelSettings
from pipelines.labels.cross_fitting import fold_of
from pipelines.labels.functions import FUNCTIONS
from pipelines.labels.turns import read_turns
from tests.pipelines.labels.invented import RESERVED, change_rating, label_settings, quick


@pytest.fixture
def settings(tmp_path: Path, tiny_bert: str) -> LabelSettings:
    return label_settings(tmp_path, tiny_bert)


def values(name: str, settings: LabelSettings) -> tuple[pd.DataFrame, np.ndarray]:
    turns, _ = read_turns(settings.path, " [SEP] ")
    with quick():
        frame = FUNCTIONS[name].compute(turns, settings, Path(settings.cache_dir) / name)
    assert list(frame) == ["relative"] and len(frame) == len(turns)
    return turns, frame["relative"].to_numpy()


def test_words_that_people_rate_high_are_found(settings: LabelSettings) -> None:
    turns, found = values("rated_words", settings)
    sorry = turns["response"].str.contains("sorry").to_numpy()
    asks = turns["response"].str.contains("?", regex=False).to_numpy()
    assert found[sorry].mean() - found[~sorry].mean() > 0.5
    assert found[asks & ~sorry].mean() < found[~asks & ~sorry].mean()
    unseen = (turns["split"] != "train").to_numpy()
    assert found[sorry & unseen].mean() - found[~sorry & unseen].mean() > 0.5


@pytest.mark.parametrize("name", ["rated_words", "rated_meaning"])
def test_the_own_rating_does_not_matter(name: str, settings: LabelSettings) -> None:
    file = Path(str(settings.human_ratings_path))
    turns, before = values(name, settings)
    rows = pd.read_csv(file)
    rows = rows[(rows["split"] == "train") & ~rows["conv_id"].isin(RESERVED)]
    # A dialogue of each end of one sheet, both of one fold: they change places, so that the sheet keeps its mean.
    some = rows[(rows["batch"] == "1_2") & rows["conv_id"].map(fold_of).eq(0)]
    low, high = (some[some["rating"] == rating]["conv_id"].iloc[0] for rating in (1, 5))
    change_rating(file, low)
    change_rating(file, high)
    _, after = values(name, settings)
    own = turns["conv_id"].isin([low, high]).to_numpy()
    assert after[own].tolist() == before[own].tolist()
    others = turns["conv_id"].isin(rows["conv_id"]).to_numpy() & turns["conv_id"].map(fold_of).ne(0).to_numpy()
    assert (after[others] != before[others]).mean() > 0.9


@pytest.mark.parametrize("name", ["rated_words", "rated_meaning"])
def test_reserved_and_validation_ratings_teach_nothing(name: str, settings: LabelSettings) -> None:
    file = Path(str(settings.human_ratings_path))
    _, before = values(name, settings)
    for conv_id in (*RESERVED, *pd.read_csv(file).query("split == 'valid'")["conv_id"].iloc[:10]):
        change_rating(file, conv_id)
    assert values(name, settings)[1].tolist() == before.tolist()


@pytest.mark.parametrize("name", ["rated_words", "rated_meaning", "ratings"])
def test_without_ratings(name: str, settings: LabelSettings) -> None:
    settings.human_ratings_path = None
    with pytest.raises(UserError, match=f"human_ratings_path: expected a path, which .* {name} needs"):
        FUNCTIONS[name].files(settings)
