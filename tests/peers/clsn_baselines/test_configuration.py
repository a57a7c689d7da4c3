import pytest

from peers.clsn_baselines import Config


def test_defaults() -> None:
    config = Config()
    assert (config.kind, config.num_directions, config.num_intents, config.intent_weight) == ("joint", 3, 9, 1.0)
    assert config.model_type == "empathy-clsn-baselines"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "both"}, "kind: expected one of single_task, joint, joint_id_sf, dcr_net, co_gat, got 'both'"),
        ({"num_directions": 1}, "num_directions: expected 3, or 2 for a binary setting, got 1"),
        ({"num_intents": 0}, "num_intents: expected 2 or more, got 0"),
        ({"intent_weight": -1}, "intent_weight: expected 0 or more, got -1"),
        ({"view_length": 8, "pooling": "max"}, "pooling: expected one of cls, mean, got 'max'"),
    ],
)
def test_bad_options_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Config(**settings)
