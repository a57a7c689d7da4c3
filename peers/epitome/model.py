"""EPITOME's network: the response post, read in the light of the seeker post, gives the level and the rationale."""

from dataclasses import dataclass

import torch
from torch.nn import functional
from transformers import AutoModel
from transformers.utils import ModelOutput

from modeling.heads import Head
from modeling.two_encoders import TwoEncoderModel, split_off
from modeling.views import CONTEXT, RESPONSE
from peers.epitome.configuration import LEVELS, EpitomeConfig

NOT_SCORED = -100  # label of a token, or of a pair, that no loss counts


@dataclass
class EpitomeOutput(ModelOutput):
    """Output of EPITOME's network.

    loss: scalar, lambda_ei * level_loss + lambda_re * rationale_loss over the labels that were given, None without.
    level_loss, rationale_loss: scalars, unweighted; None without their labels.
    level_logits: (batch, 3), of the levels 0 none, 1 weak, 2 strong.
    rationale_logits: (batch, length, 2), outside or inside the rationale; 0 for tokens that are not the response's.
    """

    loss: torch.Tensor | None = None
    level_loss: torch.Tensor | None = None
    rationale_loss: torch.Tensor | None = None
    level_logits: torch.Tensor | None = None
    rationale_logits: torch.Tensor | None = None


def attend(response: torch.Tensor, seeker: torch.Tensor, seeker_mask: torch.Tensor) -> torch.Tensor:
    """Response states (batch, response, hidden) with what they find in the seeker's, as a residual.

    One head, scaled dot products, no weights of its own. seeker: (batch, seeker, hidden); seeker_mask: (batch, seeker),
    True for its tokens, of which every row has one at least.
    """
    found = functional.scaled_dot_product_attention(response, seeker, seeker, attn_mask=seeker_mask[:, None, :])
    return response + found


def known_cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy over the labels that are not NOT_SCORED; 0 where there is none.

    logits: (..., classes); labels: (...).
    """
    total = functional.cross_entropy(
        logits.flatten(0, -2).float(), labels.flatten(), ignore_index=NOT_SCORED, reduction="sum"
    )
    return total / (labels != NOT_SCORED).sum().clamp(min=1)


class EpitomeModel(TwoEncoderModel):
    """Level and rationale of one mechanism (Sharma et al. 2020, arXiv:2009.08441, section 5).

    `encoder` reads the seeker post, `response_encoder` the response post; they start from the same pretrained weights
    and train apart.
    """

    config_class = EpitomeConfig
    views = (CONTEXT, RESPONSE)

    def __init__(self, config: EpitomeConfig) -> None:
        super().__init__(config)
        hidden = self.encoder.backbone.config.hidden_size
        width = config.head_size or hidden
        self.level_head = Head(hidden, width, LEVELS, config.head_dropout)
        self.rationale_head = Head(hidden, width, 2, config.head_dropout)
        self.post_init()

    def forward(
        self,
        input_ids: torch.Tensor,
        view_ids: torch.Tensor,
        level: torch.Tensor | None = None,
        rationale: torch.Tensor | None = None,
    ) -> EpitomeOutput:
        """Level and rationale of packed rows: the seeker post is the context view, the response post the response view.

        input_ids, view_ids: (batch, length), both views in every row; level: (batch,) 0 to 2 or -100; rationale:
        (batch, length), 1 for tokens of the rationale, 0 for the response's other tokens, -100 for all that is not
        scored: special tokens, the seeker post, padding.
        """
        seeker = split_off(input_ids, view_ids, CONTEXT)
        response = split_off(input_ids, view_ids, RESPONSE)
        states = attend(
            self.response_encoder(response.input_ids, response.view_ids),
            self.encoder(seeker.input_ids, seeker.view_ids),
            seeker.view_ids != 0,
        )
        level_logits = self.level_head(self.pool(states, response.view_ids, RESPONSE))
        own_logits = self.rationale_head(states) * (response.view_ids != 0)[..., None]
        rationale_logits = own_logits.new_zeros(*input_ids.shape, 2).scatter(
            1, response.places[..., None].expand(-1, -1, 2), own_logits
        )
        return self._with_losses(
            EpitomeOutput(level_logits=level_logits, rationale_logits=rationale_logits), level, rationale
        )

    def _with_losses(
        self, output: EpitomeOutput, level: torch.Tensor | None, rationale: torch.Tensor | None
    ) -> EpitomeOutput:
        assert output.level_logits is not None and output.rationale_logits is not None
        parts: list[torch.Tensor] = []
        if level is not None:
            output.level_loss = known_cross_entropy(output.level_logits, level)
            parts.append(self.config.lambda_ei * output.level_loss)
        if rationale is not None:
            output.rationale_loss = known_cross_entropy(output.rationale_logits, rationale)
            parts.append(self.config.lambda_re * output.rationale_loss)
        if parts:
            output.loss = torch.stack(parts).sum()
        return output


AutoModel.register(EpitomeConfig, EpitomeModel, exist_ok=True)
