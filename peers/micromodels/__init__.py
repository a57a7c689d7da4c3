"""Micromodels: how near a response's sentences are to seed utterances, and an explainable boosting machine on that.

Lee, Kummerfeld, An & Mihalcea 2021, arXiv:2109.13770; for empathy by the same, EACL 2023, "Empathy Identification
Systems are not Accurately Accounting for Context". No network is trained, and the seeker's post is not read.
"""

from peers.micromodels.configuration import MicromodelsConfig as Config
from peers.micromodels.model import MicromodelsModel as Model
from peers.micromodels.stages import OBJECTIVES

__all__ = ["OBJECTIVES", "Config", "Model"]
