"""Stacked adapters: an emotion adapter, trained first, under an empathy adapter, on an encoder that never changes."""

from peers.adapter_stack.configuration import AdapterStackConfig as Config
from peers.adapter_stack.model import AdapterStackModel as Model
from peers.adapter_stack.stages import OBJECTIVES

__all__ = ["OBJECTIVES", "Config", "Model"]
