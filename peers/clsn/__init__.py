"""The cascaded label signal network (CLSN; Jiang et al. 2023): empathy direction with empathetic intent."""

from peers.clsn.configuration import CLSNConfig as Config
from peers.clsn.model import CLSNModel as Model
from peers.clsn.stages import OBJECTIVES

__all__ = ["OBJECTIVES", "Config", "Model"]
