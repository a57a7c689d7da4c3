"""The baselines of the cascaded label signal network: single task, joint, Joint ID-SF, DCR-Net and Co-GAT."""

from peers.clsn_baselines.configuration import CLSNBaselinesConfig as Config
from peers.clsn_baselines.model import CLSNBaselinesModel as Model
from peers.clsn_baselines.stages import OBJECTIVES

__all__ = ["OBJECTIVES", "Config", "Model"]
