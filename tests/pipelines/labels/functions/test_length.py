"""Length."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.length import LENGTH


def test_words_of_the_response_and_of_the_dialogue() -> None:
    turns = pd.DataFrame({"conv_id": ["a", "b", "a"], "response": ["oh no", "why ?  tell", "sorry"]}, index=[5, 6, 7])
    frame = LENGTH.compute(turns.reset_index(drop=True), LabelSettings("x", "corpus", label_model="fixed"), Path())
    assert frame["words"].tolist() == pytest.approx(np.log([3, 4, 2]))
    assert frame["dialogue_words"].tolist() == pytest.approx(np.log([4, 4, 4]))
