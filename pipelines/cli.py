"""The `empathy` command. Each sub-command is also `python -m pipelines.<name>`."""

import importlib
import sys
from collections.abc import Sequence

from pipelines.command import USER_ERROR, run_command

# name -> what its help says. A new command is a module pipelines/<name>.py with `main(argv) -> int`, and a line here.
COMMANDS = {
    "label": "give every listener turn of EmpatheticDialogues a 1-5 score",
    "train": "train a family in stages, one run a seed",
    "ablate": "run a sweep over families, lambda_emo and seeds",
    "report": "write the seed-averaged report of runs: Markdown, LaTeX, JSON, HTML",
    "audit": "compare signals, labels and models with human ratings",
    "score": "score replies: a file, or one pair",
    "serve": "serve the scorer over HTTP",
    "demo": "open a page to try the scorer on",
    "release": "make the scorer's checkpoint from a run",
    "reproduce": "print a published table with our figures beside it",
    "probe": "probe any scorer: inserted phrases, swapped contexts, contradictions, length",
}


def usage() -> str:
    """What `empathy --help` prints."""
    lines = [f"  {name:<10}{summary}" for name, summary in COMMANDS.items()]
    return "usage: empathy COMMAND [...]\n\ncommands:\n" + "\n".join(lines) + "\n\nempathy COMMAND --help says more."


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command and return its exit status: 0 done, 1 something failed, 2 something to put right."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0 if arguments else USER_ERROR
    name, *rest = arguments
    if name not in COMMANDS:
        print(f"empathy: error: expected a command ({', '.join(COMMANDS)}), got {name!r}", file=sys.stderr)
        return USER_ERROR
    command = importlib.import_module(f"pipelines.{name}")
    return run_command(f"empathy {name}", command.main, rest)


if __name__ == "__main__":
    sys.exit(main())
