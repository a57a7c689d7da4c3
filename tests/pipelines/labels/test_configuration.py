"""The settings of `empathy label`."""

from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.labels.configuration import LabelSettings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "a/b"}, "name: expected a folder name other than cache, got 'a/b'"),
        ({"name": "cache"}, "name: expected a folder name other than cache, got 'cache'"),
        ({"name": ".."}, "name: expected a folder name other than cache, got '..'"),
        ({"functions": []}, r"functions: expected at least one labelling function, each once, got \[\]"),
        ({"functions": ["cues", "cues"]}, "functions: expected at least one labelling function, each once"),
        (
            {"human_ratings_path": None},
            "human_ratings_path: expected a CSV of human ratings for label_model fitted; give one, or set label_model",
        ),
    ],
)
def test_settings_that_do_not_fit(changes: dict[str, Any], message: str) -> None:
    values: dict[str, Any] = {"name": "hybrid", "path": "corpus", "human_ratings_path": "ratings.csv"}
    with pytest.raises(UserError, match=message):
        LabelSettings(**values | changes)


def test_fixed_weights_need_no_ratings() -> None:
    assert LabelSettings("hybrid", "corpus", label_model="fixed").human_ratings_path is None
