"""How often a progress bar is drawn."""

import sys


def bar_interval() -> float:
    """Seconds between two states of a progress bar: a log file needs a line now and then, a terminal more."""
    return 0.2 if sys.stderr.isatty() else 30
