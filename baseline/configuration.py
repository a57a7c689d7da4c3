"""Configuration of the baseline."""

from typing import Any

from transformers import AutoConfig

from modeling.configuration import EmpathyConfig


class BaselineConfig(EmpathyConfig):
    """The shared settings; the baseline adds none."""

    model_type = "empathy-baseline"

    # transformers 5 makes a configuration class without an __init__ of its own a dataclass, which skips the base's.
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


AutoConfig.register(BaselineConfig.model_type, BaselineConfig, exist_ok=True)
