"""The baseline's one stage."""

import baseline
from modeling.stages import joint_loss
from modeling.views import FULL_DIALOGUE


def test_one_multitask_stage_on_the_full_dialogue(tiny_bert: str) -> None:
    model = baseline.Model.from_encoder(tiny_bert, view_length=32)
    assert list(baseline.OBJECTIVES) == ["multitask"]
    stage = baseline.OBJECTIVES["multitask"]
    assert (stage.name, stage.views(model), stage.needs_empathy) == ("multitask", (FULL_DIALOGUE,), True)
    assert stage.loss is joint_loss
