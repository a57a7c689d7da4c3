"""The crowd's own ratings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.labels.configuration import LabelSettings
from pipelines.labels.functions.selfeval import SELFEVAL, parse_selfeval


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("5|5|5_2|2|5", [3.5, 3.5, 5.0]),
        ("4|3|1", [4.0, 3.0, 1.0]),
        ("1|1|1_1|1|1", [1.0, 1.0, 1.0]),
    ],
)
def test_means_over_the_raters(text: str, means: list[float]) -> None:
    assert parse_selfeval(text) == means


@pytest.mark.parametrize(
    "text",
    [
        "",
        "_",
        "5|5|5_",
        "5|5_5|5|5",
        "5|5|5_5|5|5_5|5|5",
        "6|5|5",
        "0|5|5_5|5|5",
        "a|5|5",
        "nan|5|5",
        "5,5,5",
        "5|5|5|5",
    ],
)
def test_another_form_abstains(text: str) -> None:
    assert np.isnan(parse_selfeval(text)).all()


def test_one_row_a_turn() -> None:
    turns = pd.DataFrame({"selfeval": ["5|5|5_2|2|5", "", "5|5|5_2|2|5"]})
    frame = SELFEVAL.compute(turns, LabelSettings("x", "corpus", label_model="fixed"), Path())
    assert list(frame) == ["empathy", "relevance", "fluency"]
    assert frame["empathy"].tolist() == pytest.approx([3.5, np.nan, 3.5], nan_ok=True)
