"""The multi-view cascade (MVC): context view -> emotion logits; full dialogue view with those logits -> empathy."""

from mvc.configuration import MVCConfig as Config
from mvc.model import MVCModel as Model
from mvc.stages import OBJECTIVES

__all__ = ["OBJECTIVES", "Config", "Model"]
