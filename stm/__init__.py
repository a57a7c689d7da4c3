"""Sequential transfer (STM): the baseline's network, first on emotion alone, then on both tasks."""

from stm.configuration import STMConfig as Config
from stm.model import STMModel as Model
from stm.stages import OBJECTIVES

__all__ = ["OBJECTIVES", "Config", "Model"]
