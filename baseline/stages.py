"""Stages that the baseline can be trained in."""

from modeling.stages import Objective, all_views, joint_loss

MULTITASK = Objective("multitask", views=all_views, needs_empathy=True, loss=joint_loss)

OBJECTIVES = {MULTITASK.name: MULTITASK}
