"""Low-rank adapters of the encoder (LoRA, Hu et al. 2021, arXiv:2106.09685), by peft."""

from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from transformers import PreTrainedModel

BASE_LAYER = ".base_layer."  # where peft keeps the layer that it wraps
SCALE = 2  # lora_alpha / rank


def lora_config(rank: int) -> LoraConfig:
    """An adapter of this rank on every linear layer, without dropout."""
    return LoraConfig(r=rank, lora_alpha=SCALE * rank, lora_dropout=0.0, target_modules="all-linear")


def add_adapter(backbone: PreTrainedModel, rank: int) -> None:
    """Put a new adapter on a pretrained encoder; the encoder's own weights are frozen. At first it changes nothing."""
    backbone.add_adapter(lora_config(rank))


def reset_adapter(backbone: PreTrainedModel) -> None:
    """Start an adapter again as peft does (A random, B zero); transformers initialises its layers like any other."""
    for module in backbone.modules():
        if isinstance(module, LoraLayer):
            for name in module.lora_A:
                module.reset_lora_parameters(name, init_lora_weights=True)


def is_adapter(name: str) -> bool:
    """Whether a parameter of this name belongs to an adapter."""
    return ".lora_" in name
