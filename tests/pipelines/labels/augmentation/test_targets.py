"""The scores of made-up pairs."""

import pytest

from pipelines.errors import UserError
from pipelines.labels.augmentation.targets import TargetSettings
from pipelines.labels.augmentation.variants import VARIANTS


@pytest.mark.parametrize(
    ("variant", "true", "score"),
    [
        ("true_pair", 4.3, 4.3),
        ("swap_different_emotion", 5.0, 1.4),
        ("swap_different_emotion", 1.0, 1.4),
        ("swap_same_emotion", 5.0, 1.8),
        ("phrase_in_unrelated", 3.0, 1.4),
        ("phrase_in_neutral", 3.0, 1.4),
        ("polarity_contradiction", 5.0, 1.3),
        ("empathic_sentence_removed", 4.0, 3.5),
        ("empathic_sentence_removed", 1.2, 1.0),
        ("generic_reply", 4.0, 2.5),
        ("generic_reply", 1.5, 1.5),
    ],
)
def test_default_targets(variant: str, true: float, score: float) -> None:
    assert VARIANTS[variant].target.score(true, TargetSettings()) == score


def test_targets_are_settings() -> None:
    targets = TargetSettings(swap_same_emotion=2.2, removed_sentence_costs=1.5, generic_reply_at_most=2.0)
    assert VARIANTS["swap_same_emotion"].target.score(4.0, targets) == 2.2
    assert VARIANTS["empathic_sentence_removed"].target.score(4.0, targets) == 2.5
    assert VARIANTS["generic_reply"].target.score(4.0, targets) == 2.0


def test_a_score_off_the_scale_is_refused() -> None:
    with pytest.raises(UserError, match=r"targets\.swap_same_emotion: expected points from 1 to 5, got 0.9"):
        TargetSettings(swap_same_emotion=0.9)
    with pytest.raises(UserError, match=r"targets\.removed_sentence_costs: expected points from 0 to 4, got -1"):
        TargetSettings(removed_sentence_costs=-1)
