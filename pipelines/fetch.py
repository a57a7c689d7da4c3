"""`empathy data NAME ...`: fetch public corpora into data/. Also `python -m pipelines.fetch`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.command import CommandParser, run_command
from pipelines.errors import UserError, did_you_mean

PROG = "empathy data"
DESCRIPTION = (
    "Fetch public corpora from their official sources into data/, where the configs look for them. Each has its own "
    "terms, which are shown first: by using a corpus you accept them. What is there already stays, and a fetch that "
    "was stopped goes on. Without a name, the corpora are listed."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    parser = CommandParser(PROG, DESCRIPTION)
    parser.add_argument("names", nargs="*", metavar="NAME", help="corpora to fetch")
    parser.add_argument("--to", type=Path, default=Path("data"), metavar="FOLDER", help="default: data")
    parser.add_argument("--list", action="store_true", help="list the corpora: what, terms, whether they are there")
    arguments = parser.parse_args(argv)
    from pipelines.data.sources import SOURCES, fetch, state

    for name in arguments.names:
        if name not in SOURCES:
            near = did_you_mean(name, list(SOURCES))
            raise UserError(f"expected corpora out of {', '.join(SOURCES)}, got {name!r}{near}")
    if arguments.list or not arguments.names:
        for source in SOURCES.values():
            print(f"{source.name:<20}{state(source, arguments.to):<20}{source.what}\n{'':<20}{source.licence}")
        if not arguments.list:
            print("\nfetch one with: empathy data NAME")
        return 0
    for name in arguments.names:
        source = SOURCES[name]
        there = (arguments.to / name).exists()
        if not there and source.files:
            print(f"{name}: {source.licence}", flush=True)
        folder = fetch(source, arguments.to)
        print(f"{folder}: {'there already' if there else source.what}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
