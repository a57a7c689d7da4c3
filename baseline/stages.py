"""Stages that the baseline can be trained in."""

from modeling.encoder import FULL_DIALOGUE
from modeling.stages import Objective, joint_loss

MULTITASK = Objective("multitask", views=(FULL_DIALOGUE,), needs_empathy=True, loss=joint_loss)

OBJECTIVES = {MULTITASK.name: MULTITASK}
