"""Stages of the stacked adapters: the emotion adapter alone, then the empathy adapter over it."""

from modeling.stages import Objective, all_views, emotion_only_loss, joint_loss
from peers.adapter_stack.model import EMOTION, EMPATHY


def _emotion_adapter(name: str) -> bool:
    """The lower adapter and the emotion head; the upper one changes nothing until it is trained."""
    return f".lora_A.{EMOTION}." in name or f".lora_B.{EMOTION}." in name or name.startswith("emotion_head.")


def _empathy_adapter(name: str) -> bool:
    """The upper adapter and both heads, which read what it changes."""
    upper = f".lora_A.{EMPATHY}." in name or f".lora_B.{EMPATHY}." in name
    return upper or name.startswith(("emotion_head.", "empathy_head."))


OBJECTIVES = {
    "emotion": Objective(
        "emotion", views=all_views, needs_empathy=False, loss=emotion_only_loss, trains=_emotion_adapter
    ),
    "empathy": Objective("empathy", views=all_views, needs_empathy=True, loss=joint_loss, trains=_empathy_adapter),
}
