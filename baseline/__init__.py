"""The baseline: one multitask stage on a shared encoder that reads the full dialogue."""

from baseline.configuration import BaselineConfig as Config
from baseline.model import BaselineModel as Model
from baseline.stages import OBJECTIVES

__all__ = ["OBJECTIVES", "Config", "Model"]
