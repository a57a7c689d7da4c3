"""Progress bars: on a terminal a line that is drawn over, in a log or a pipe whole lines now and then."""

import sys
from collections.abc import Iterable
from typing import Any, TextIO

from tqdm import tqdm

TERMINAL_SECONDS, LOG_SECONDS = 0.2, 30.0


class Lines:
    """What a bar writes to where there is no terminal: each of its states becomes a line of its own."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.encoding = getattr(stream, "encoding", None)

    def write(self, text: str) -> int:
        """Write a state. What only clears or ends a bar on a terminal (blanks, line feeds) is left out."""
        state = text.lstrip("\r\n").rstrip()
        if state:
            self.stream.write(f"{state}\n")
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        self.stream.flush()

    def isatty(self) -> bool:
        """Never: that is what this is for."""
        return False


def bar_interval() -> float:
    """Seconds between two states of a progress bar: a log file needs a line now and then, a terminal more."""
    return TERMINAL_SECONDS if sys.stderr.isatty() else LOG_SECONDS


def progress_bar(iterable: Iterable[Any] | None = None, *, shown: bool = True, **options: Any) -> "tqdm[Any]":
    """A tqdm bar on standard error. shown: whether there is one; TQDM_DISABLE=1 takes all of them away."""
    if not shown:
        options["disable"] = True
    if not sys.stderr.isatty():
        # maxinterval: without it tqdm's own watch draws a bar every ten seconds, whatever mininterval says.
        options |= {"file": Lines(sys.stderr), "maxinterval": LOG_SECONDS}
    return tqdm(iterable, mininterval=bar_interval(), **options)
