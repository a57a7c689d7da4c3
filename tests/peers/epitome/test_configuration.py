"""EPITOME's options."""

import math

import pytest
from transformers import AutoConfig

from peers.epitome import Config


def test_defaults_are_the_paper_s() -> None:
    config = Config()
    assert (config.lambda_ei, config.lambda_re) == (1.0, 0.5)
    assert isinstance(AutoConfig.for_model("empathy-epitome"), Config)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lambda_ei": -1}, "lambda_ei: expected 0 or more, got -1"),
        ({"lambda_re": math.nan}, "lambda_re: expected 0 or more, got nan"),
        ({"lambda_ei": 0, "lambda_re": 0}, "lambda_ei, lambda_re: expected one above 0, got 0 and 0"),
        ({"pooling": "max"}, "pooling: expected one of cls, mean, got 'max'"),
    ],
)
def test_bad_options_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Config(**settings)
