"""The multi-view cascade: one encoder pass over its views, the emotion handed on to the score."""

import torch
from torch import nn
from transformers import AutoModel
from transformers import initialization as init

from modeling.base import EmpathyModel
from modeling.cascade import CascadeNetwork, Gate, ViewVectors
from modeling.lessons import BELONGING, OCCASION, QUALITY
from modeling.losses import emotion_loss, gate_loss, relevance_loss
from modeling.outputs import EmpathyOutput
from modeling.views import CONTEXT, RESPONSE
from mvc.configuration import MVCConfig


class MVCModel(CascadeNetwork, EmpathyModel):  # type: ignore[override]  # views follow from its settings
    """Emotion from the context view; empathy from the full dialogue view and the emotion."""

    config_class = MVCConfig

    def __init__(self, config: MVCConfig) -> None:
        super().__init__(config)
        self.build_heads(self.encoder.backbone.config.hidden_size)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, Gate):
            init.ones_(module.usual)

    def forward(
        self,
        input_ids: torch.Tensor,
        view_ids: torch.Tensor,
        empathy: torch.Tensor | None = None,
        emotion: torch.Tensor | None = None,
        own_context: torch.Tensor | None = None,
        teaches: torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
    ) -> EmpathyOutput:
        """Score and emotion of a batch of packed views, one encoder call.

        input_ids, view_ids: (batch, length); empathy: (batch,) scores or NaN; emotion: (batch,) classes or negative;
        own_context: (batch,) bool, whether the response was given in that context; teaches: (batch,) what its score
        teaches, of modeling.lessons. Where None, all were given in theirs and teach their quality. The rest as of any
        transformers model.
        """
        encoded = self.encode(input_ids, view_ids, output_hidden_states, output_attentions)
        vectors = self.pool_views(encoded[0], view_ids)
        return self.finished(self.judge(vectors, empathy, emotion, own_context, teaches), encoded, return_dict)

    def judge(
        self,
        vectors: ViewVectors,
        empathy: torch.Tensor | None = None,
        emotion: torch.Tensor | None = None,
        own_context: torch.Tensor | None = None,
        teaches: torch.Tensor | None = None,
    ) -> EmpathyOutput:
        """Score and emotion from the views' vectors. The rest as in `forward`."""
        emotion_logits = self.emotion_head(vectors.context)
        features = self.features(vectors, self.cascade(emotion_logits, emotion))
        score = self.empathy_head(features)
        if self.belonging is not None and self.occasion is not None:
            logits = self.gate_logits(vectors, features)
            output = self._gated_output(score, logits, emotion_logits, empathy, emotion, own_context, teaches)
        else:
            output = self.joint_output(score, emotion_logits, empathy, emotion)
        if self.config.relevance_weight and own_context is not None and output.loss is not None:
            assert vectors.response is not None
            output.relevance_loss = relevance_loss(vectors.context, vectors.response, own_context)
            output.loss = output.loss + self.config.relevance_weight * output.relevance_loss
        return output

    def _gated_output(
        self,
        quality: torch.Tensor,
        logits: tuple[torch.Tensor, torch.Tensor],
        emotion_logits: torch.Tensor,
        empathy: torch.Tensor | None,
        emotion: torch.Tensor | None,
        own_context: torch.Tensor | None,
        teaches: torch.Tensor | None,
    ) -> EmpathyOutput:
        """Each pair trains what it teaches; what a response is worth where it was given opens both gates, too.

        quality: (batch,); logits: of both gates, (batch,) each.
        """
        assert self.belonging is not None and self.occasion is not None
        belonging, occasion = logits
        lesson = torch.full_like(quality, QUALITY, dtype=torch.long) if teaches is None else teaches
        if self.training:
            own = torch.ones_like(quality, dtype=torch.bool) if own_context is None else own_context
            self._learn_usual(belonging, own, lesson)
        of_quality = None if empathy is None else empathy.masked_fill(lesson != QUALITY, float("nan"))
        output = self.joint_output(quality, emotion_logits, of_quality, emotion)
        assert output.empathy is not None
        output.quality = output.empathy
        output.belonging, output.occasion = self.belonging.opened(belonging), self.occasion.opened(occasion)
        output.empathy = self.kept(output.quality, output.belonging, output.occasion)
        if empathy is not None and output.loss is not None:
            output.gate_loss = self._gate_loss(logits, quality, empathy, lesson)
            output.loss = output.loss + output.gate_loss
        return output

    def _learn_usual(self, belonging: torch.Tensor, own: torch.Tensor, lesson: torch.Tensor) -> None:
        assert self.belonging is not None and self.occasion is not None
        if own.any():
            self.belonging.learn_usual(belonging[own].sigmoid().mean())
            self.occasion.learn_usual(own.sum() / (own | (lesson == OCCASION)).sum())

    def _gate_loss(
        self,
        logits: tuple[torch.Tensor, torch.Tensor],
        quality: torch.Tensor,
        empathy: torch.Tensor,
        lesson: torch.Tensor,
    ) -> torch.Tensor:
        worth = lesson == QUALITY
        parts = []
        for of_gate, found in zip((BELONGING, OCCASION), logits, strict=True):
            labels = empathy.masked_fill(~worth & (lesson != of_gate), float("nan"))
            parts.append(gate_loss(found, labels, quality, worth, self.config.empathy_range[0]))
        return torch.stack(parts).sum()

    def classify_emotion(
        self, input_ids: torch.Tensor, view_ids: torch.Tensor, emotion: torch.Tensor | None = None
    ) -> EmpathyOutput:
        """Emotion alone, from rows that hold only the context view: (batch, length) -> logits (batch, num_emotions)."""
        hidden = self.encoder(input_ids, view_ids)
        logits = self.emotion_head(self.pool(hidden, view_ids, CONTEXT))
        loss = None if emotion is None else emotion_loss(logits, emotion)
        return EmpathyOutput(loss=loss, emotion_logits=logits, emotion_loss=loss)

    def relate(
        self, input_ids: torch.Tensor, view_ids: torch.Tensor, emotion: torch.Tensor | None, own_context: torch.Tensor
    ) -> EmpathyOutput:
        """Relevance and emotion without the full dialogue: L_rel + lambda_emo * L_emo of rows of context and response.

        Shapes as in `forward`; logits (batch, num_emotions).
        """
        hidden = self.encoder(input_ids, view_ids)
        context = self.pool(hidden, view_ids, CONTEXT)
        logits = self.emotion_head(context)
        found = relevance_loss(context, self.pool(hidden, view_ids, RESPONSE), own_context)
        output = EmpathyOutput(loss=found, emotion_logits=logits, relevance_loss=found)
        if emotion is not None:
            output.emotion_loss = emotion_loss(logits, emotion)
            output.loss = found + self.config.lambda_emo * output.emotion_loss
        return output


AutoModel.register(MVCConfig, MVCModel, exist_ok=True)
