"""Stages of sequential transfer: emotion only, then the baseline's multitask stage."""

from baseline.stages import MULTITASK
from modeling.encoder import FULL_DIALOGUE
from modeling.stages import Objective, emotion_only_loss

EMOTION = Objective("emotion", views=(FULL_DIALOGUE,), needs_empathy=False, loss=emotion_only_loss)

OBJECTIVES = {EMOTION.name: EMOTION, MULTITASK.name: MULTITASK}
