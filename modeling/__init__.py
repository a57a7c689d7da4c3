"""What every family shares: encoder, heads, losses, outputs, base configuration and base model."""

import importlib
from typing import TYPE_CHECKING, Any

from modeling.resolve import resolve_encoder

if TYPE_CHECKING:
    from modeling.base import EmpathyModel
    from modeling.configuration import EmpathyConfig
    from modeling.encoder import SharedEncoder, load_tokenizer
    from modeling.outputs import EmpathyOutput
    from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE

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
# Imported when they are asked for: they bring torch or transformers with them, which a command's help does without.
_MODULES = {
    "CONTEXT": "views",
    "FULL_DIALOGUE": "views",
    "RESPONSE": "views",
    "EmpathyModel": "base",
    "EmpathyConfig": "configuration",
    "SharedEncoder": "encoder",
    "load_tokenizer": "encoder",
    "EmpathyOutput": "outputs",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(f"modeling.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
