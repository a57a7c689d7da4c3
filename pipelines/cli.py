"""The `empathy` command. Each sub-command is also `python -m pipelines.<name>`."""

import importlib
import sys
from collections.abc import Sequence
from importlib import metadata

from pipelines.command import USER_ERROR, run_command
from pipelines.errors import UserError, did_you_mean

# name -> what its help says. A new command is a module pipelines/<name>.py with `main(argv) -> int`, and a line here.
COMMANDS = {
    "data": "fetch public corpora into data/",
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


MODULES = {"data": "fetch"}  # of commands whose own name is taken by a folder
OTHERS = "empathy --version names the versions."
# What `empathy --version` names beside itself: what most reports of a difference turn on.
NAMED = ("torch", "transformers")


def version() -> str:
    """What `empathy --version` prints; the packages are looked up, not imported."""
    found = {}
    for name in ("empathy-cascade", *NAMED):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # run from a folder that is not installed
            found[name] = "not installed"
    named = ", ".join(f"{name} {found[name]}" for name in NAMED)
    return f"empathy {found['empathy-cascade']} (Python {sys.version.split()[0]}, {named})"


def usage() -> str:
    """What `empathy --help` prints."""
    lines = [f"  {name:<10}{summary}" for name, summary in COMMANDS.items()]
    commands = "\n".join(lines)
    return f"usage: empathy COMMAND [...]\n\ncommands:\n{commands}\n\nempathy COMMAND --help says more. {OTHERS}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command and return its exit status: 0 done, 1 something failed, 2 something to put right."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments:
        print(usage())
        return USER_ERROR
    name, *rest = arguments
    if name == "help" and rest:
        name, rest = rest[0], ["--help"]
    if name not in COMMANDS:
        return run_command("empathy", _without_command, [name])
    module = f"pipelines.{MODULES.get(name, name)}"
    return run_command(f"empathy {name}", lambda argv: importlib.import_module(module).main(argv), rest)


def _without_command(argv: Sequence[str] | None) -> int:
    (word,) = argv or [""]
    if word in ("help", "-h", "--help"):
        print(usage())
    elif word in ("-V", "--version", "version"):
        print(version())
    else:
        known = did_you_mean(word, COMMANDS, "empathy ") or f"; there are {', '.join(COMMANDS)}"
        raise UserError(f"expected a command, got {word!r}{known}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
