"""Stages of sequential transfer: emotion only, then the baseline's multitask stage."""

from baseline.stages import MULTITASK
from modeling.stages import Objective, all_views, emotion_only_loss

EMOTION = Objective("emotion", views=all_views, needs_empathy=False, loss=emotion_only_loss)

OBJECTIVES = {EMOTION.name: EMOTION, MULTITASK.name: MULTITASK}
