"""The retrieval bi-encoder: a context and a response are each encoded alone, and the closer they are the better."""

from peers.retrieval.configuration import RetrievalConfig as Config
from peers.retrieval.model import RetrievalModel as Model
from peers.retrieval.stages import OBJECTIVES

__all__ = ["OBJECTIVES", "Config", "Model"]
