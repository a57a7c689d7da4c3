"""Options of the raters of text pairs."""

from pathlib import Path

import pytest
from transformers import AutoConfig

from peers.text_pairs import Config
from peers.text_pairs.configuration import CLASSIFICATION, REGRESSION


@pytest.mark.parametrize("encoding", ["bi", "cross"])
def test_the_objective_says_whether_classes_or_a_score_come_out(encoding: str) -> None:
    assert all(Config(encoding=encoding, objective=name).classifies for name in CLASSIFICATION)
    scored = REGRESSION if encoding == "bi" else REGRESSION[:-1]
    assert not any(Config(encoding=encoding, objective=name).classifies for name in scored)


def test_saving(tmp_path: Path) -> None:
    Config(encoding="bi", objective="cosine", num_levels=3, first_score=0.25, pooling="mean").save_pretrained(tmp_path)
    again = AutoConfig.from_pretrained(tmp_path)
    assert type(again) is Config
    assert (again.encoding, again.objective, again.num_levels, again.first_score) == ("bi", "cosine", 3, 0.25)
    assert again.pooling == "mean"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoding": "tri"}, "encoding: expected one of bi, cross, got 'tri'"),
        ({"objective": "hinge"}, "objective: expected one of cross_entropy, .*, contrastive for cross, got 'hinge'"),
        ({"objective": "cosine"}, "contrastive for cross, got 'cosine'"),
        ({"encoding": "bi", "objective": "hinge"}, "contrastive, cosine for bi, got 'hinge'"),
        ({"num_levels": 1}, "num_levels: expected 2 or more, got 1"),
        ({"pooling": "max"}, "pooling: expected one of cls, mean, got 'max'"),
    ],
)
def test_bad_options_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Config(**settings)
