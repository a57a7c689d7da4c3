"""EPITOME (Sharma et al. 2020, arXiv:2009.08441): level and rationale of one mechanism of empathy, by two encoders."""

from peers.epitome.configuration import EpitomeConfig as Config
from peers.epitome.model import EpitomeModel as Model
from peers.epitome.stages import OBJECTIVES

__all__ = ["OBJECTIVES", "Config", "Model"]
