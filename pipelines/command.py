"""How every command ends: its exit status, and one clear line for what a user can put right."""

import argparse
import atexit
import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from pipelines.errors import UserError, did_you_mean

USER_ERROR = 2
INTERRUPTED = 130
COLLECT_AFTER = 100_000  # new objects; importing torch and transformers makes millions, and all of them stay


class CommandParser(argparse.ArgumentParser):
    """argparse, with a UserError in one line for what it refuses, and the nearest flag for one that there is not."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(prog=prog, description=description, allow_abbrev=False)

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """Parse `args`. Raises UserError; SystemExit for --help."""
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            word = unknown[0].partition("=")[0]
            if not word.startswith("-"):
                self.error(f"expected no more arguments, got {word!r}")
            flags = [flag.lstrip("-") for action in self._actions for flag in action.option_strings]
            near = did_you_mean(word.lstrip("-"), flags, "--")
            raise UserError(f"{word}: expected a flag of {self.prog}{near or '; --help shows them all'}")
        return found

    def error(self, message: str) -> NoReturn:
        """Raise UserError."""
        raise UserError(f"{message}; {self.prog} --help says more")


def run_command(prog: str, main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None = None) -> int:
    """Call `main(argv)`; a UserError becomes one line on standard error and exit status 2, Ctrl-C 130."""
    gc.set_threshold(COLLECT_AFTER)
    atexit.register(gc.freeze)  # with the threshold: two seconds less, which went into looking through imported modules
    print_anything()
    try:
        status = main(argv)
        sys.stdout.flush()  # here, where a closed pipe is caught
        return status
    except UserError as error:
        print(f"{prog}: error: {error}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print(f"{prog}: interrupted; the same command goes on with what is done", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of `empathy ... | head` has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def print_anything() -> None:
    """Let a terminal that knows ASCII only, or another small set, show other letters as escapes (\\u03bb) and go on."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
