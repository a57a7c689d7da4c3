"""Raters of text pairs: a bi-encoder and a cross-encoder, under losses of classification and of regression."""

from peers.text_pairs.configuration import TextPairsConfig as Config
from peers.text_pairs.model import TextPairsModel as Model
from peers.text_pairs.stages import OBJECTIVES

__all__ = ["OBJECTIVES", "Config", "Model"]
