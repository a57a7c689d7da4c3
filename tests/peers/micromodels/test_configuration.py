"""Configuration of the micromodels."""

import pytest

from peers.micromodels import Config


def test_the_published_theta_is_the_default() -> None:
    assert (Config("er").theta, Config("ex").max_seeds) == (0.7, None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mechanism": "emotion"}, "mechanism: expected one of er, ip, ex, got 'emotion'"),
        ({"theta": 1.5}, "theta: expected a cosine from -1 to 1, got 1.5"),
        ({"theta": float("nan")}, "theta: expected a cosine from -1 to 1, got nan"),
        ({"seed_groups": 0}, "seed_groups: expected 1 or more, got 0"),
        ({"max_seeds": 0}, "max_seeds: expected 1 or more, or None, got 0"),
        ({"seed": -1}, "seed: expected 0 or more, got -1"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Config(**({"mechanism": "er"} | settings))
