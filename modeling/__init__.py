"""What every family shares: encoder, heads, losses, outputs, base configuration and base model."""

import importlib
from typing import TYPE_CHECKING, Any

from modeling.resolve import resolve_encoder
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE

if TYPE_CHECKING:
    from modeling.base import EmpathyModel
    from modeling.configuration import EmpathyConfig
    from modeling.encoder import SharedEncoder, load_tokenizer
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
# Imported when they are asked for: they bring transformers with them, which scoring does without.
_MODULES = {
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
