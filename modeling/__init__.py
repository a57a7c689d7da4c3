"""What every family shares: encoder, heads, losses, outputs, base configuration and base model."""

from modeling.base import EmpathyModel
from modeling.configuration import EmpathyConfig
from modeling.encoder import CONTEXT, FULL_DIALOGUE, SharedEncoder, load_tokenizer, resolve_encoder
from modeling.outputs import EmpathyOutput

__all__ = [
    "CONTEXT",
    "FULL_DIALOGUE",
    "RESPONSE",
    "EmpathyConfig",
    "EmpathyModel",
    "EmpathyOutput",
    "SharedEncoder",
    "load_tokenizer",
    "resolve_encoder",
]
