"""The multitask baseline: full dialogue in, one pooled vector, an emotion head and an empathy head."""

import torch
from transformers import AutoModel

from baseline.configuration import BaselineConfig
from modeling.base import EmpathyModel
from modeling.heads import EmpathyHead, Head
from modeling.outputs import EmpathyOutput
from modeling.views import FULL_DIALOGUE


class BaselineModel(EmpathyModel):
    """Both tasks from the same vector of the full dialogue view."""

    config_class = BaselineConfig
    views = (FULL_DIALOGUE,)

    def __init__(self, config: BaselineConfig) -> None:
        super().__init__(config)
        hidden = self.encoder.backbone.config.hidden_size
        width = config.head_size or hidden
        self.emotion_head = Head(hidden, width, config.num_emotions, config.head_dropout)
        self.empathy_head = EmpathyHead(hidden, width, config.head_dropout, config.empathy_init)
        self.post_init()

    def forward(
        self,
        input_ids: torch.Tensor,
        view_ids: torch.Tensor,
        empathy: torch.Tensor | None = None,
        emotion: torch.Tensor | None = None,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
    ) -> EmpathyOutput:
        """Score and emotion of a batch of full dialogues.

        input_ids, view_ids: (batch, length); empathy: (batch,) scores or NaN; emotion: (batch,) classes or negative;
        the rest as of any transformers model.
        """
        encoded = self.encode(input_ids, view_ids, output_hidden_states, output_attentions)
        pooled = self.pool(encoded[0], view_ids, FULL_DIALOGUE)
        output = self.joint_output(self.empathy_head(pooled), self.emotion_head(pooled), empathy, emotion)
        return self.finished(output, encoded, return_dict)


AutoModel.register(BaselineConfig, BaselineModel, exist_ok=True)
