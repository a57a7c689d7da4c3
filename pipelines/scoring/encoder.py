"""BERT and RoBERTa for scoring: the hidden states of transformers' modules, without importing transformers, which takes
longer than a score, and in fewer and larger steps.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self

import torch
from torch.nn import functional

from modeling.views import segment_positions, visible
from pipelines.errors import UserError

BUILDS = ("bert", "roberta", "xlm-roberta", "camembert")  # model types of this build
ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {"gelu": functional.gelu, "relu": functional.relu}
Weights = Mapping[str, torch.Tensor]


class Affine(NamedTuple):
    """Weight and bias of a linear layer or of a layer norm."""

    weight: torch.Tensor
    bias: torch.Tensor

    @classmethod
    def of(cls, weights: Weights, *names: str) -> Self:
        """Those of one layer, or of several as one. Raises KeyError for a name that is missing."""
        parts = [torch.cat([weights[f"{name}.{part}"] for name in names]) for part in cls._fields]
        return cls(*parts)

    def bfloat16(self) -> Self:
        """In bf16."""
        return type(self)(*(part.bfloat16() for part in self))


class Layer(NamedTuple):
    """One layer of the encoder, its three projections of the attention in one."""

    projections: Affine
    attended: Affine
    norm: Affine
    inner: Affine
    outer: Affine
    outer_norm: Affine

    @classmethod
    def of(cls, weights: Weights, name: str) -> Self:
        """Raises KeyError for a weight that is missing."""
        attention = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        return cls(
            Affine.of(weights, *attention),
            Affine.of(weights, f"{name}.attention.output.dense"),
            Affine.of(weights, f"{name}.attention.output.LayerNorm"),
            Affine.of(weights, f"{name}.intermediate.dense"),
            Affine.of(weights, f"{name}.output.dense"),
            Affine.of(weights, f"{name}.output.LayerNorm"),
        )


class Encoder:
    """Called as a `SharedEncoder` is. For evaluation: its weights are plain tensors, which nothing trains."""

    def __init__(self, settings: Mapping[str, Any], weights: Weights) -> None:
        """settings: the encoder's configuration; weights: by their names in the pretrained encoder.

        Raises UserError for an encoder of another build, KeyError where a setting or a weight is missing.
        """
        kind, activation = settings["model_type"], settings["hidden_act"]
        if kind not in BUILDS or activation not in ACTIVATIONS:
            raise UserError(
                f"encoder: expected one of type {', '.join(BUILDS)} with the activation {' or '.join(ACTIVATIONS)}, "
                f"got {kind} with {activation}; choose such an encoder for a release"
            )
        self.heads, self.epsilon = settings["num_attention_heads"], settings["layer_norm_eps"]
        self.activation = ACTIVATIONS[activation]
        # RoBERTa counts positions from the padding's id + 1, BERT from 0.
        self.position_offset = 0 if kind == "bert" else settings["pad_token_id"] + 1
        self.words = weights["embeddings.word_embeddings.weight"]
        # Every token is of the first type.
        first_type = weights["embeddings.token_type_embeddings.weight"][0]
        self.positions = weights["embeddings.position_embeddings.weight"] + first_type
        self.norm = Affine.of(weights, "embeddings.LayerNorm")
        self.layers = [Layer.of(weights, f"encoder.layer.{place}") for place in range(settings["num_hidden_layers"])]

    def __call__(
        self, input_ids: torch.Tensor | None, view_ids: torch.Tensor, embeddings: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Hidden states (batch, length, hidden) of packed rows; arguments as of a `SharedEncoder`."""
        return self.encode(input_ids, *self.mask_and_positions(view_ids), embeddings)

    def mask_and_positions(self, view_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Which token sees which (batch, 1, length, length), bool, and each token's position (batch, length)."""
        return visible(view_ids), segment_positions(view_ids) + self.position_offset

    def bfloat16(self) -> Self:
        """Calculate in bf16 from now on."""
        self.words, self.positions, self.norm = self.words.bfloat16(), self.positions.bfloat16(), self.norm.bfloat16()
        self.layers = [Layer(*(affine.bfloat16() for affine in layer)) for layer in self.layers]
        return self

    def embed(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Embeddings of the words alone: (batch, length) -> (batch, length, hidden)."""
        return functional.embedding(input_ids, self.words)

    def encode(
        self,
        input_ids: torch.Tensor | None,
        mask: torch.Tensor,
        positions: torch.Tensor,
        embeddings: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Hidden states (batch, length, hidden) of tokens with the mask and the positions of `mask_and_positions`."""
        if embeddings is None:
            assert input_ids is not None
            embeddings = self.embed(input_ids)
        states = self._norm(self.norm, embeddings + functional.embedding(positions, self.positions))
        unseen = torch.where(mask, 0.0, torch.finfo(states.dtype).min).to(states.dtype)  # once, not in every layer
        for layer in self.layers:
            states = self._layer(layer, states, unseen)
        return states

    def _layer(self, layer: Layer, states: torch.Tensor, unseen: torch.Tensor) -> torch.Tensor:
        batch, length, hidden = states.shape
        query, key, value = (
            part.view(batch, length, self.heads, hidden // self.heads).transpose(1, 2)
            for part in functional.linear(states, *layer.projections).chunk(3, dim=-1)
        )
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=unseen)
        attended = found.transpose(1, 2).reshape(batch, length, hidden)
        states = self._norm(layer.norm, states + functional.linear(attended, *layer.attended))
        inner = self.activation(functional.linear(states, *layer.inner))
        return self._norm(layer.outer_norm, states + functional.linear(inner, *layer.outer))

    def _norm(self, norm: Affine, states: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(states, states.shape[-1:], *norm, self.epsilon)
