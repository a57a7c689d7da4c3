"""Configuration of the stacked adapters."""

from typing import Any

from transformers import AutoConfig

from baseline import Config as BaselineConfig


class AdapterStackConfig(BaselineConfig):
    """The shared settings; adapter_rank is that of each of the two adapters."""

    model_type = "empathy-adapter-stack"

    def __init__(self, adapter_rank: int = 16, **kwargs: Any) -> None:
        if adapter_rank < 1:
            raise ValueError(f"adapter_rank: expected 1 or more for stacked adapters, got {adapter_rank}")
        super().__init__(adapter_rank=adapter_rank, **kwargs)


AutoConfig.register(AdapterStackConfig.model_type, AdapterStackConfig, exist_ok=True)
