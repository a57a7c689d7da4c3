"""Configuration of the baseline."""

from transformers import AutoConfig

from modeling.configuration import EmpathyConfig


class BaselineConfig(EmpathyConfig):
    """The shared settings; the baseline adds none."""

    model_type = "empathy-baseline"


AutoConfig.register(BaselineConfig.model_type, BaselineConfig, exist_ok=True)
