"""STM has no network of its own: it is the baseline under other stages."""

from baseline.model import BaselineModel as STMModel

__all__ = ["STMModel"]
