"""Stages of the cascade: emotion from the context view alone, relevance of the response to it, and all views."""

from typing import cast

from modeling.base import EmpathyModel
from modeling.outputs import EmpathyOutput
from modeling.stages import Batch, Objective, all_views
from modeling.views import CONTEXT, RESPONSE
from mvc.model import MVCModel


def _context_emotion_loss(model: EmpathyModel, batch: Batch) -> EmpathyOutput:
    return cast(MVCModel, model).classify_emotion(batch["input_ids"], batch["view_ids"], batch["emotion"])


def _relevance_loss(model: EmpathyModel, batch: Batch) -> EmpathyOutput:
    own_context = batch["own_context"]
    return cast(MVCModel, model).relate(batch["input_ids"], batch["view_ids"], batch["emotion"], own_context)


def _cascade_loss(model: EmpathyModel, batch: Batch) -> EmpathyOutput:
    labels = {name: batch.get(name) for name in ("empathy", "emotion", "own_context", "teaches")}
    return model(batch["input_ids"], batch["view_ids"], **labels)


EMOTION = Objective("emotion", views=lambda model: (CONTEXT,), needs_empathy=False, loss=_context_emotion_loss)
RELEVANCE = Objective("relevance", views=lambda model: (CONTEXT, RESPONSE), needs_empathy=False, loss=_relevance_loss)
CASCADE = Objective("cascade", views=all_views, needs_empathy=True, loss=_cascade_loss)

OBJECTIVES = {EMOTION.name: EMOTION, RELEVANCE.name: RELEVANCE, CASCADE.name: CASCADE}
