"""Settings of the cascade."""

from pathlib import Path
from typing import Any

import pytest

from mvc import Config


def test_defaults_and_saving(tmp_path: Path) -> None:
    config = Config()
    assert (config.cascade_signal, config.cascade_detach, config.gold_mix) == ("logits", False, 0.0)
    changed = Config(cascade_signal="label_embedding", cascade_detach=True, gold_mix=0.25, label_embedding_size=16)
    changed.save_pretrained(tmp_path)
    again = Config.from_pretrained(tmp_path)
    assert (again.cascade_signal, again.cascade_detach, again.gold_mix) == ("label_embedding", True, 0.25)
    assert again.label_embedding_size == 16


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cascade_signal": "logit"}, "expected one of logits, probs, label_embedding, none, got 'logit'"),
        ({"gold_mix": 1.5}, "gold_mix: expected a probability from 0 to 1, got 1.5"),
        ({"gold_mix": -0.1}, "gold_mix: expected a probability from 0 to 1, got -0.1"),
        ({"pooling": "last"}, "pooling: expected one of cls, mean, got 'last'"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Config(**settings)
