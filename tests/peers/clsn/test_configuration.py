import pytest

from peers.clsn import Config


def test_defaults_are_the_papers() -> None:
    config = Config()
    assert (config.loss, config.eta, config.cascaded_attention, config.label_signal) == ("focal", 5.0, True, True)
    assert (config.num_directions, config.num_intents, config.model_type) == (3, 9, "empathy-clsn")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_directions": 4}, "num_directions: expected 3, or 2 for a binary setting, got 4"),
        ({"num_intents": 1}, "num_intents: expected 2 or more, got 1"),
        ({"intent_weight": -0.1}, "intent_weight: expected 0 or more, got -0.1"),
        ({"attention_layers": 0}, "attention_layers: expected 1 or more, got 0; for none set cascaded_attention to"),
        ({"loss": "hinge"}, "loss: expected one of focal, cross_entropy, got 'hinge'"),
        ({"eta": -1.0}, "eta: expected 0 or more, got -1.0"),
        ({"pooling": "max"}, "pooling: expected one of cls, mean, got 'max'"),
    ],
)
def test_bad_options_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Config(**settings)
