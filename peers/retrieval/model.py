"""The retrieval bi-encoder of Rashkin et al. 2019 (arXiv:1811.00207)."""

from dataclasses import dataclass

import torch
from torch.nn import functional
from transformers import AutoModel
from transformers.utils import ModelOutput

from modeling.two_encoders import TwoEncoderModel, split_off
from modeling.views import CONTEXT, RESPONSE, segment_positions
from peers.retrieval.configuration import RetrievalConfig
from peers.retrieval.similarity import similarities

ROWS_AT_A_TIME = 8  # on a CPU, where padding takes as long as words do


@dataclass
class RetrievalOutput(ModelOutput):
    """Output of the bi-encoder.

    loss: scalar; None where the dialogues were not given.
    context: (batch, hidden), or with attention the states of its tokens, (batch, longest, hidden), 0 after its end.
    response: (batch, hidden). `similarities` of both says which response is the best to a context.
    """

    loss: torch.Tensor | None = None
    context: torch.Tensor | None = None
    response: torch.Tensor | None = None


def same_response(input_ids: torch.Tensor, view_ids: torch.Tensor) -> torch.Tensor:
    """Which rows have the same response, token by token: (batch, batch), bool.

    input_ids, view_ids: (batch, length).
    """
    inside = view_ids == RESPONSE
    # Responses start at different places of their rows: each is moved to the start, -1 after its end.
    aligned = torch.full_like(input_ids, -1)
    rows = torch.arange(len(input_ids), device=input_ids.device)[:, None].expand_as(input_ids)
    aligned[rows[inside], segment_positions(view_ids)[inside]] = input_ids[inside]
    numbers = aligned.unique(dim=0, return_inverse=True)[1]
    return numbers[:, None] == numbers[None, :]


def in_batch_loss(scores: torch.Tensor, no_negative: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood of each context's own response among those of the batch; 0 where it is the only one.

    scores: (batch, batch), a row a context and a column a response; no_negative: (batch, batch) bool, the responses
    that are no candidates of a context. Its own always is.
    """
    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    candidates = scores.float().masked_fill(no_negative & ~own, float("-inf"))
    return functional.cross_entropy(candidates, torch.arange(len(scores), device=scores.device))


class RetrievalModel(TwoEncoderModel):
    """One encoder reads contexts, the other responses, as in the source."""

    config_class = RetrievalConfig
    views = (CONTEXT, RESPONSE)

    def __init__(self, config: RetrievalConfig) -> None:
        super().__init__(config)
        self.post_init()

    def forward(
        self, input_ids: torch.Tensor, view_ids: torch.Tensor, dialogue: torch.Tensor | None = None
    ) -> RetrievalOutput:
        """Vectors of contexts and responses and, with the dialogues, the loss.

        The candidates of a context are the responses of this one call (gradient accumulation adds none), but for
        another turn's of the same dialogue and for the same words given elsewhere: neither is wrong.

        input_ids, view_ids: (batch, length), every row with the views CONTEXT (the whole dialogue history) and
        RESPONSE; dialogue: (batch,) whole numbers that are equal within a dialogue.
        """
        output = RetrievalOutput(
            context=self.encode_view(input_ids, view_ids, CONTEXT),
            response=self.encode_view(input_ids, view_ids, RESPONSE),
        )
        if dialogue is not None:
            assert output.context is not None and output.response is not None
            # Half precision has steps of up to 1 between the dot products of pooled vectors.
            with torch.autocast(input_ids.device.type, enabled=False):
                scores = similarities(output.context.float(), output.response.float())
            if self.config.similarity != "dot":
                scores = scores / self.config.cosine_temperature
            no_negative = (dialogue[:, None] == dialogue[None, :]) | same_response(input_ids, view_ids)
            output.loss = in_batch_loss(scores, no_negative)
        return output

    def encode_view(self, input_ids: torch.Tensor, view_ids: torch.Tensor, view: int) -> torch.Tensor:
        """Vectors (batch, hidden) of one view, CONTEXT or RESPONSE, by its encoder; see `RetrievalOutput`.

        input_ids, view_ids: (batch, length), rows that hold the view; what else they hold is not read.
        """
        by_token = view == CONTEXT and self.config.similarity == "attention"
        encoder = self.encoder if view == CONTEXT else self.response_encoder
        by_length = (view_ids == view).sum(dim=1).argsort(stable=True)
        text = split_off(input_ids[by_length], view_ids[by_length], view)
        parts = text.view_ids.split(ROWS_AT_A_TIME if input_ids.device.type == "cpu" else len(input_ids))
        sizes = [int(part.count_nonzero()) for part in parts]
        # Words are looked up once: the gradient of every look-up is as large as the vocabulary.
        words = encoder.backbone.get_input_embeddings()(text.input_ids[text.view_ids != 0])
        encoded = []
        for part, own in zip(parts, words.split(sizes), strict=True):
            rows = part[:, : int(part.count_nonzero(dim=1).max())]
            padded = own.new_zeros(*rows.shape, own.shape[-1])
            padded[rows != 0] = own
            states = encoder(None, rows, padded)
            if by_token:
                longer = text.input_ids.shape[1] - rows.shape[1]
                encoded.append(functional.pad(states * (rows != 0).unsqueeze(-1), (0, 0, 0, longer)))
            else:
                encoded.append(self.pool(states, rows, view))
        vectors = torch.cat(encoded)[by_length.argsort()]
        if by_token or self.config.similarity == "dot":
            return vectors
        return functional.normalize(vectors.float(), dim=-1)


AutoModel.register(RetrievalConfig, RetrievalModel, exist_ok=True)
