"""STM has no settings of its own: it is the baseline under other stages."""

from baseline.configuration import BaselineConfig as STMConfig

__all__ = ["STMConfig"]
