"""Settings of the bi-encoder."""

from pathlib import Path
from typing import Any

import pytest

from peers.retrieval import Config


def test_defaults_and_saving(tmp_path: Path) -> None:
    config = Config()
    assert (config.similarity, config.cosine_temperature, config.model_type) == ("dot", 0.05, "empathy-retrieval")
    Config(similarity="cosine", cosine_temperature=0.1, pooling="mean").save_pretrained(tmp_path)
    again = Config.from_pretrained(tmp_path)
    assert (again.similarity, again.cosine_temperature, again.pooling) == ("cosine", 0.1, "mean")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"similarity": "euclid"}, "similarity: expected one of dot, cosine, attention, got 'euclid'"),
        ({"cosine_temperature": 0.0}, "temperature: expected more than 0, got 0.0"),
        ({"cosine_temperature": float("nan")}, "temperature: expected more than 0, got nan"),
        ({"pooling": "last"}, "pooling: expected one of cls, mean, got 'last'"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Config(**settings)
