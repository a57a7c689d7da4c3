"""BERT and RoBERTa for scoring: the hidden states of transformers' modules, without importing transformers, which takes
longer than a score, and in fewer and larger steps.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import torch
from torch.nn import functional

from modeling.views import segment_positions, visible
from pipelines.errors import UserError
from pipelines.scoring.linear import ACTIVATIONS, Dense, Linear, Weights

BUILDS = ("bert", "roberta", "xlm-roberta", "camembert")  # model types of this build


class Norm(NamedTuple):
    """A layer norm."""

    weight: torch.Tensor
    bias: torch.Tensor
    epsilon: float

    @classmethod
    def of(cls, weights: Weights, name: str, epsilon: float) -> Self:
        """Raises KeyError for a weight that is missing."""
        return cls(weights[f"{name}.weight"], weights[f"{name}.bias"], epsilon)

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """States (..., hidden), normed."""
        return functional.layer_norm(states, states.shape[-1:], *self)

    def bfloat16(self) -> Self:
        """In bf16."""
        return self._replace(weight=self.weight.bfloat16(), bias=self.bias.bfloat16())


class Layer(NamedTuple):
    """One layer of the encoder, its three projections of the attention in one."""

    projections: Linear
    attended: Linear
    norm: Norm
    inner: Linear
    outer: Linear
    outer_norm: Norm

    @classmethod
    def of(cls, weights: Weights, name: str, epsilon: float) -> Self:
        """Raises KeyError for a weight that is missing."""
        attention = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        return cls(
            Dense.of(weights, *attention),
            Dense.of(weights, f"{name}.attention.output.dense"),
            Norm.of(weights, f"{name}.attention.output.LayerNorm", epsilon),
            Dense.of(weights, f"{name}.intermediate.dense"),
            Dense.of(weights, f"{name}.output.dense"),
            Norm.of(weights, f"{name}.output.LayerNorm", epsilon),
        )

    def bfloat16(self) -> Self:
        """In bf16."""
        return type(self)(
            self.projections.bfloat16(),
            self.attended.bfloat16(),
            self.norm.bfloat16(),
            self.inner.bfloat16(),
            self.outer.bfloat16(),
            self.outer_norm.bfloat16(),
        )


class Encoder:
    """Called as a `SharedEncoder` is. For evaluation: its weights are plain tensors, which nothing trains."""

    def __init__(self, settings: Mapping[str, Any], weights: Weights) -> None:
        """settings: the encoder's configuration; weights: by their names in the pretrained encoder.

        Raises UserError for an encoder of another build, KeyError where a setting or a weight is missing.
        """
        kind, self.activation = settings["model_type"], settings["hidden_act"]
        if kind not in BUILDS or self.activation not in ACTIVATIONS:
            raise UserError(
                f"encoder: expected one of type {', '.join(BUILDS)} with the activation {' or '.join(ACTIVATIONS)}, "
                f"got {kind} with {self.activation}; choose such an encoder for a release"
            )
        self.heads, epsilon = settings["num_attention_heads"], settings["layer_norm_eps"]
        # RoBERTa counts positions from the padding's id + 1, BERT from 0.
        self.position_offset = 0 if kind == "bert" else settings["pad_token_id"] + 1
        self.words = weights["embeddings.word_embeddings.weight"]
        # Every token is of the first type.
        first_type = weights["embeddings.token_type_embeddings.weight"][0]
        self.positions = weights["embeddings.position_embeddings.weight"] + first_type
        self.norm = Norm.of(weights, "embeddings.LayerNorm", epsilon)
        layers = range(settings["num_hidden_layers"])
        self.layers = [Layer.of(weights, f"encoder.layer.{place}", epsilon) for place in layers]

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
        self.layers = [layer.bfloat16() for layer in self.layers]
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
        states = self.norm(embeddings + functional.embedding(positions, self.positions))
        unseen = torch.where(mask, 0.0, torch.finfo(states.dtype).min).to(states.dtype)  # once, not in every layer
        for layer in self.layers:
            states = self._layer(layer, states, unseen)
        return states

    def _layer(self, layer: Layer, states: torch.Tensor, unseen: torch.Tensor) -> torch.Tensor:
        batch, length, hidden = states.shape
        query, key, value = (
            part.view(batch, length, self.heads, hidden // self.heads).transpose(1, 2)
            for part in layer.projections(states).chunk(3, dim=-1)
        )
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=unseen)
        attended = found.transpose(1, 2).reshape(batch, length, hidden)
        states = layer.norm(layer.attended.added(attended, states))
        return layer.outer_norm(layer.outer.added(layer.inner.activated(states, self.activation), states))
