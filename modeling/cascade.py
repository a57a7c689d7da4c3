"""The cascade in plain torch: what the views' vectors become, from the emotion to the score. MVC trains it; the scorer
runs it without transformers, whose import takes longer than a score.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from modeling.heads import EmpathyHead, Head
from modeling.losses import SCALE
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE, PoolsViews

if TYPE_CHECKING:
    from mvc.configuration import MVCConfig

# A gold emotion in place of predicted logits is taken as a prediction of this probability, the rest spread evenly.
GOLD_PROBABILITY = 0.9


class Cascade(nn.Module):
    """Turns emotion logits (batch, num_emotions) into the signal (batch, width) that the empathy head is handed."""

    def __init__(self, config: "MVCConfig") -> None:
        super().__init__()
        self.kind = config.cascade_signal
        self.detach = config.cascade_detach
        self.gold_mix = config.gold_mix
        self.label_embedding: nn.Embedding | None = None
        if self.kind == "label_embedding":
            self.label_embedding = nn.Embedding(config.num_emotions, config.label_embedding_size)
        self.width = {
            "logits": config.num_emotions,
            "probs": config.num_emotions,
            "label_embedding": config.label_embedding_size,
            "none": 0,
        }[self.kind]

    def forward(self, logits: torch.Tensor, gold: torch.Tensor | None = None) -> torch.Tensor:
        """Signal (batch, width). gold: (batch,) classes or negative; used in training only, never in evaluation."""
        if self.kind == "none":
            return logits.new_zeros(logits.shape[0], 0)
        if self.detach and self.training:
            logits = logits.detach()
        if self.training and self.gold_mix > 0 and gold is not None:
            logits = self._mix_gold(logits, gold)
        if self.kind == "logits":
            return logits - logits.mean(dim=-1, keepdim=True)
        probs = logits.softmax(dim=-1)
        return probs if self.label_embedding is None else probs @ self.label_embedding.weight

    def _mix_gold(self, logits: torch.Tensor, gold: torch.Tensor) -> torch.Tensor:
        classes = logits.shape[-1]
        one_hot = functional.one_hot(gold.clamp(min=0), classes).to(logits.dtype)
        spread = (1 - GOLD_PROBABILITY) / (classes - 1)
        gold_logits = (one_hot * (GOLD_PROBABILITY - spread) + spread).log()
        chosen = (torch.rand(gold.shape, device=gold.device) < self.gold_mix) & (gold >= 0)
        return torch.where(chosen[:, None], gold_logits, logits)


def relevance(context: torch.Tensor, response: torch.Tensor) -> torch.Tensor:
    """Product (batch, hidden) of the unit vectors of two views, scaled so that its mean is their cosine."""
    unit = functional.normalize(context.float(), dim=-1) * functional.normalize(response.float(), dim=-1)
    return unit * unit.shape[-1]


class Gate(Head):
    """How far a response may keep its quality in its context, from what the empathy head reads and from the cosine of
    context and response.

    A subclass says how far a probability opens it, and keeps what training was like in `usual`, a running mean.
    """

    MOMENTUM = 0.01
    usual: torch.Tensor

    def __init__(self, in_features: int, hidden_size: int, dropout: float) -> None:
        super().__init__(in_features, hidden_size, 1, dropout)
        self.of_cosine = nn.Linear(1, 1)
        self.register_buffer("usual", torch.ones(()))

    def forward(self, features: torch.Tensor, cosine: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """Logits (batch,) from features (batch, in_features) and the cosine (batch,) of context and response."""
        scaled = (SCALE * cosine[:, None]).to(self.of_cosine.weight.dtype)
        return (super().forward(features) + self.of_cosine(scaled)).squeeze(-1)

    def learn_usual(self, value: torch.Tensor) -> None:
        """Move the running mean to a training batch's value (a scalar)."""
        self.usual.lerp_(value.detach().to(self.usual.dtype), self.MOMENTUM)


class Belonging(Gate):
    """Whether the response belongs in its context. In training it sends no gradient back: the doubts of swapped pairs
    would blur what true pairs are worth. Attributions need the gradient.

    `usual` is the probability that true pairs get. Near it the gate is open, so that doubts that they meet as well cost
    nothing.
    """

    def __init__(self, in_features: int, hidden_size: int, dropout: float, open_from: float) -> None:
        super().__init__(in_features, hidden_size, dropout)
        self.open_from = open_from

    def forward(self, features: torch.Tensor, cosine: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """As of any gate."""
        if self.training:
            features, cosine = features.detach(), cosine.detach()
        return super().forward(features, cosine)

    def opened(self, logits: torch.Tensor) -> torch.Tensor:
        """From 0 to 1 (batch,)."""
        return (logits.float().sigmoid() / (self.open_from * self.usual.float())).clamp(max=1.0)


class Occasion(Gate):
    """Whether the context gives occasion for empathy.

    `usual` is the share of training pairs that do. The probability is corrected to even odds of both kinds: elsewhere
    everyday talk is no exception.
    """

    SURE = 0.99  # a larger share leaves nothing to tell apart: the gate has learnt nothing and stays open
    # Of its quality, what a response keeps in a context that gives no occasion. It is enough to stay below a usual
    # response, and costs true pairs less that the gate is wrong about.
    LEAST = 0.25

    def opened(self, logits: torch.Tensor) -> torch.Tensor:
        """From LEAST to 1 (batch,)."""
        usual = self.usual.float()
        even = (logits.float() - usual.clamp(max=self.SURE).logit()).sigmoid()
        return torch.where(usual > self.SURE, 1.0, self.LEAST + (1.0 - self.LEAST) * even)


class ViewVectors(NamedTuple):
    """One vector (batch, hidden) a view, and the `relevance` of context and response, in fp32 at least; the response
    and the relevance are None where the response is no view of its own.
    """

    context: torch.Tensor
    full_dialogue: torch.Tensor
    response: torch.Tensor | None
    relevance: torch.Tensor | None


class CascadeNetwork(PoolsViews, nn.Module):
    """Emotion from the context view; empathy from the full dialogue view and the emotion.

    What a subclass brings: `config`, the settings of an `MVCConfig`, and `encoder`, called with input_ids and view_ids.
    """

    encoder: Any
    emotion_head: Head
    cascade: Cascade
    empathy_head: EmpathyHead
    belonging: Belonging | None
    occasion: Occasion | None

    def build_heads(self, hidden: int) -> None:
        """New heads and gates on vectors that are `hidden` wide."""
        config = self.config
        width = config.head_size or hidden
        self.emotion_head = Head(hidden, width, config.num_emotions, config.head_dropout)
        self.cascade = Cascade(config)
        # The full dialogue, and with relevance the response and the product.
        read = hidden * (3 if config.relevance else 1) + self.cascade.width
        self.empathy_head = EmpathyHead(read, width, config.head_dropout, config.empathy_init)
        self.belonging = self.occasion = None
        if config.gate:
            self.belonging = Belonging(read, width, config.head_dropout, config.open_from)
            self.occasion = Occasion(read, width, config.head_dropout)

    @property
    def views(self) -> tuple[int, ...]:
        """The views that it reads, in the order of a row."""
        return (CONTEXT, FULL_DIALOGUE, RESPONSE) if self.config.relevance else (CONTEXT, FULL_DIALOGUE)

    def read_views(
        self,
        input_ids: torch.Tensor | None,
        view_ids: torch.Tensor,
        context: torch.Tensor | None = None,
        embeddings: torch.Tensor | None = None,
    ) -> ViewVectors:
        """Vectors (batch, hidden) of the views of a batch of packed rows (batch, length), one encoder call.

        context: those of the context view, where it was encoded before; the rows then hold the other views alone.
        embeddings: of the words (batch, length, hidden), in place of input_ids.
        """
        given = {} if embeddings is None else {"embeddings": embeddings}
        return self.pool_views(self.encoder(input_ids, view_ids, **given), view_ids, context)

    def pool_views(
        self, hidden: torch.Tensor, view_ids: torch.Tensor, context: torch.Tensor | None = None
    ) -> ViewVectors:
        """Vectors (batch, hidden) of the views from the encoder's states (batch, length, hidden); the rest as above."""
        context = self.pool(hidden, view_ids, CONTEXT) if context is None else context
        full_dialogue = self.pool(hidden, view_ids, FULL_DIALOGUE)
        if not self.config.relevance:
            return ViewVectors(context, full_dialogue, None, None)
        response = self.pool(hidden, view_ids, RESPONSE)
        return ViewVectors(context, full_dialogue, response, relevance(context, response))

    def features(self, vectors: ViewVectors, signal: torch.Tensor) -> torch.Tensor:
        """What the heads of the score are handed (batch, features): the full dialogue, the signal, the relevance."""
        handed_on = [vectors.full_dialogue, signal]
        if vectors.response is not None and vectors.relevance is not None:
            handed_on += [vectors.response, vectors.relevance.to(self.empathy_head.dense.weight.dtype)]
        return torch.cat(handed_on, dim=-1)

    def gate_logits(self, vectors: ViewVectors, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Of belonging and of occasion, (batch,) each."""
        assert self.belonging is not None and self.occasion is not None and vectors.relevance is not None
        cosine = vectors.relevance.mean(dim=-1)
        return self.belonging(features, cosine), self.occasion(features, cosine)

    def kept(self, quality: torch.Tensor, belonging: torch.Tensor, occasion: torch.Tensor) -> torch.Tensor:
        """The score (batch,) that two gates (batch,) leave of a quality (batch,)."""
        lowest = self.config.empathy_range[0]
        return lowest + (quality - lowest) * belonging * occasion

    def unclamped_score(self, embeddings: torch.Tensor, view_ids: torch.Tensor) -> torch.Tensor:
        """Scores (batch,) of rows of word embeddings (batch, length, hidden), not clamped: for attributions."""
        vectors = self.read_views(None, view_ids, embeddings=embeddings)
        features = self.features(vectors, self.cascade(self.emotion_head(vectors.context)))
        quality = self.empathy_head(features)
        if self.belonging is None or self.occasion is None:
            return quality
        belonging, occasion = self.gate_logits(vectors, features)
        return self.kept(quality, self.belonging.opened(belonging), self.occasion.opened(occasion))
