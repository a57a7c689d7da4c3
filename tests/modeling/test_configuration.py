"""The shared settings: defaults, what is refused, and saving."""

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoConfig

from baseline import Config as BaselineConfig
from baseline import Model as BaselineModel
from modeling.base import EmpathyModel
from modeling.configuration import EmpathyConfig
from modeling.heads import Head
from mvc import Config as MVCConfig
from mvc import Model as MVCModel


def test_defaults() -> None:
    config = EmpathyConfig()
    assert (config.pooling, config.regression_loss, config.context_view) == ("cls", "mse", "speaker_turns")
    assert (config.empathy_range, config.empathy_init, config.lambda_emo) == ([1.0, 5.0], 3.0, 0.1)
    assert (config.num_emotions, config.view_length, config.seen) == (32, 256, "both")
    assert EmpathyConfig(num_labels=7).num_emotions == 7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"head_size": 0}, "head_size: expected 1 or more, or None, got 0"),
        ({"pooling": "max"}, "pooling: expected one of cls, mean, got 'max'"),
        ({"regression_loss": "l2"}, "regression_loss: expected one of mse, mae, huber, got 'l2'"),
        ({"seen": "none"}, "seen: expected one of both, response, context, got 'none'"),
        ({"empathy_range": (5, 1)}, r"empathy_range: expected lowest < highest, got \(5.0, 1.0\)"),
    ],
)
@pytest.mark.parametrize("family", [EmpathyConfig, BaselineConfig, MVCConfig])
def test_wrong_settings_are_refused(family: type[EmpathyConfig], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        family(**settings)


def test_without_an_encoder_no_network_can_be_built() -> None:
    with pytest.raises(ValueError, match=r"expected the configuration of an encoder .*got {}; build a new model with"):
        EmpathyConfig().encoder_config()


@pytest.mark.parametrize(("head_size", "expected"), [(None, 32), (6, 6)])
@pytest.mark.parametrize("family", [BaselineModel, MVCModel])
def test_the_heads_are_as_wide_as_the_encoder_or_as_told(
    tiny_bert: str, family: type[EmpathyModel], head_size: int | None, expected: int
) -> None:
    model = family.from_encoder(tiny_bert, head_size=head_size, view_length=64)
    heads = [module for module in model.modules() if isinstance(module, Head)]
    assert {head.dense.out_features for head in heads} == {expected}


@pytest.mark.parametrize(
    ("family", "name"), [(BaselineConfig, "empathy-baseline"), (MVCConfig, "empathy-mvc")], ids=["baseline", "mvc"]
)
def test_saved_and_read_again_by_the_auto_class(family: type[EmpathyConfig], name: str, tmp_path: Path) -> None:
    encoder = {"model_type": "bert", "hidden_size": 48, "num_attention_heads": 4}
    config = family(encoder=encoder, pooling="mean", empathy_range=(0, 10), empathy_init=4.2, lambda_emo=0.3,
                    regression_loss="huber", head_size=12, head_dropout=0.2, context_view="situation", view_length=77,
                    seen="response")  # fmt: skip
    config.save_pretrained(tmp_path)
    again = AutoConfig.from_pretrained(tmp_path)
    assert type(again) is family
    assert again.model_type == name
    ours = ("encoder", "pooling", "empathy_range", "empathy_init", "lambda_emo", "regression_loss", "head_size")
    for key in (*ours, "head_dropout", "context_view", "view_length", "seen", "num_emotions"):
        assert getattr(again, key) == getattr(config, key), key
    assert again.encoder_config().hidden_size == 48
    assert again.encoder_config().model_type == "bert"
