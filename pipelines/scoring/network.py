"""The released cascade in plain torch: merged adapter, encoder and heads, read without importing transformers."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
from safetensors.torch import load_file

from modeling.cascade import CascadeNetwork, ViewVectors
from modeling.resolve import resolve_encoder
from pipelines.errors import UserError
from pipelines.scoring.encoder import Encoder
from pipelines.scoring.tokenizer import FastTokenizer
from pipelines.training.provenance import weights_sha256

ADAPTER, HEADS = "adapter", "heads.safetensors"
ENCODER_WEIGHTS = "model.safetensors"
OF_THE_ENCODER = re.compile(r"(?:^|\.)((?:embeddings|encoder)\..+)")
NOT_WEIGHTS = ("embeddings.position_ids", "embeddings.token_type_ids")
DOWN, UP = ".lora_A.weight", ".lora_B.weight"
# What must not be set in an adapter's settings for its product to be all that is added.
OTHER_ADAPTERS = ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "fan_in_fan_out", "lora_bias")


@dataclass(frozen=True)
class NetworkSettings:
    """Of an `MVCConfig`, what evaluation needs. encoder: the encoder's own settings; id2label: class -> emotion."""

    encoder: Mapping[str, Any]
    pooling: str
    view_length: int
    context_view: str
    id2label: Mapping[str, str]
    empathy_range: tuple[float, float]
    empathy_init: float
    relevance: bool
    gate: bool
    open_from: float
    cascade_signal: str
    cascade_detach: bool
    gold_mix: float
    label_embedding_size: int
    head_dropout: float
    head_size: int | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a network's config.json. Raises OSError, ValueError, or TypeError where a setting is missing."""
        given = json.loads(path.read_text(encoding="utf-8"))
        settings = cls(**{field.name: given[field.name] for field in fields(cls) if field.name in given})
        if not (settings.relevance and settings.gate):
            raise ValueError(f"{path}: expected a network with relevance and gate; release a run that has both")
        return settings

    @property
    def num_emotions(self) -> int:
        """Number of emotion classes."""
        return len(self.id2label)


class Judgement(NamedTuple):
    """As in `EmpathyOutput`: (batch,), and the emotion's logits (batch, emotions)."""

    empathy: torch.Tensor
    quality: torch.Tensor
    belonging: torch.Tensor
    occasion: torch.Tensor
    emotion_logits: torch.Tensor


class ReleasedNetwork(CascadeNetwork):
    """A gated cascade for evaluation, on the CPU."""

    device = torch.device("cpu")

    def __init__(self, config: NetworkSettings, encoder: Encoder) -> None:
        super().__init__()
        self.config, self.encoder = config, encoder
        self.build_heads(encoder.words.shape[1])
        self.requires_grad_(False).eval()

    def judge(self, vectors: ViewVectors) -> Judgement:
        """Score and emotion from the views' vectors."""
        assert self.belonging is not None and self.occasion is not None  # a release has both
        emotion_logits = self.emotion_head(vectors.context)
        features = self.features(vectors, self.cascade(emotion_logits))
        quality = self.empathy_head(features).clamp(*self.config.empathy_range)
        of_belonging, of_occasion = self.gate_logits(vectors, features)
        belonging, occasion = self.belonging.opened(of_belonging), self.occasion.opened(of_occasion)
        return Judgement(self.kept(quality, belonging, occasion), quality, belonging, occasion, emotion_logits)


def read_network(folder: Path, encoder: Mapping[str, str]) -> tuple[ReleasedNetwork, FastTokenizer]:
    """The network of a release, with the adapter merged into the encoder that `encoder` describes, and its tokenizer.

    encoder: name_or_path, sha256 of the weights, version. Raises UserError where the installed encoder is another one;
    OSError, ValueError, KeyError or SafetensorError where a file cannot be read.
    """
    config = NetworkSettings.read(folder / "config.json")
    network = ReleasedNetwork(config, Encoder(config.encoder, merged_weights(folder, encoder)))
    network.load_state_dict(read_tensors(folder / HEADS))
    return network, FastTokenizer(encoder_folder(encoder["name_or_path"]))


def merged_weights(folder: Path, encoder: Mapping[str, str]) -> dict[str, torch.Tensor]:
    """The encoder's weights with a release's adapter merged into them; `encoder` and what is raised as above."""
    weights = encoder_weights(encoder_folder(encoder["name_or_path"]))
    found = weights_sha256(weights)
    if found != encoder["sha256"]:
        raise UserError(
            f"{folder}: expected the encoder {encoder['name_or_path']} with sha256 {encoder['sha256'][:12]}..., got "
            f"{found[:12]}...; install the version that the release names: {encoder['version']}"
        )
    merge_adapter(weights, folder / ADAPTER)
    return weights


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Of one of a release's files, by their names, fp32."""
    return {name: tensor.float() for name, tensor in load_file(path).items()}


def encoder_folder(name_or_path: str) -> Path:
    """Where the encoder lies: a package's folder, a folder, or the Hub's cache. Raises OSError where there is none."""
    source = resolve_encoder(name_or_path)
    if Path(source).is_dir():
        return Path(source)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(source, allow_patterns=[ENCODER_WEIGHTS, "tokenizer*.json"]))
    except (HfHubHTTPError, LocalEntryNotFoundError, ValueError) as error:
        raise OSError(f"encoder {name_or_path!r}: expected a Hub id that can be reached: {error}") from error


def encoder_weights(folder: Path) -> dict[str, torch.Tensor]:
    """Weights of a pretrained encoder by its modules' own names, fp32. Raises OSError where there are none.

    Files name them with the model's prefix where it was saved with a head, and in old ones norms have gamma and beta.
    """
    if not (folder / ENCODER_WEIGHTS).is_file():
        raise OSError(f"{folder}: expected an encoder with {ENCODER_WEIGHTS}, there is none")
    weights = {}
    for name, tensor in load_file(folder / ENCODER_WEIGHTS).items():
        inside = OF_THE_ENCODER.search(name)
        if inside and inside[1] not in NOT_WEIGHTS:
            own = inside[1].replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
            weights[own] = tensor.float()
    return weights


def merge_adapter(weights: dict[str, torch.Tensor], folder: Path) -> None:
    """Add a low-rank adapter, as peft writes it, to the weights. Raises ValueError for another kind of adapter."""
    settings: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    other = [name for name in OTHER_ADAPTERS if settings.get(name)]
    if settings["peft_type"] != "LORA" or other:
        raise ValueError(f"adapter: expected a plain one of type LORA, got {settings['peft_type']} {', '.join(other)}")
    scale = settings["lora_alpha"] / settings["r"]
    tensors = read_tensors(folder / "adapter_model.safetensors")
    for name in [name for name in tensors if name.endswith(DOWN)]:
        down, up = tensors.pop(name), tensors.pop(name.removesuffix(DOWN) + UP)
        target = name.removeprefix("base_model.model.").removesuffix(DOWN) + ".weight"
        weights[target] = weights[target] + scale * (up @ down)
    if tensors:
        raise ValueError(f"adapter: expected pairs of {DOWN} and {UP}, got {', '.join(sorted(tensors)[:3])} as well")
