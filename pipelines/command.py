"""How every command ends: its exit status, and one clear line for what a user can put right."""

import atexit
import gc
import sys
from collections.abc import Callable, Sequence

from pipelines.errors import UserError

USER_ERROR = 2
COLLECT_AFTER = 100_000  # new objects; importing torch and transformers makes millions, and all of them stay


def run_command(prog: str, main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None = None) -> int:
    """Call `main(argv)`; a UserError becomes one line on standard error and exit status 2, Ctrl-C 130."""
    gc.set_threshold(COLLECT_AFTER)
    atexit.register(gc.freeze)  # with the threshold: two seconds less, which went into looking through imported modules
    try:
        return main(argv)
    except UserError as error:
        print(f"{prog}: error: {error}", file=sys.stderr)
        return USER_ERROR
    except KeyboardInterrupt:
        print(f"{prog}: interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
