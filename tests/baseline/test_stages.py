"""The baseline's one stage."""

import baseline
from modeling.encoder import FULL_DIALOGUE
from modeling.stages import joint_loss


def test_one_multitask_stage_on_the_full_dialogue() -> None:
    assert list(baseline.OBJECTIVES) == ["multitask"]
    stage = baseline.OBJECTIVES["multitask"]
    assert (stage.name, stage.views, stage.needs_empathy) == ("multitask", (FULL_DIALOGUE,), True)
    assert stage.loss is joint_loss
    assert set(stage.views) <= set(baseline.Model.views)
