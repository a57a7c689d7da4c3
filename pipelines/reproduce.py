"""`empathy reproduce TABLE`: a published table with our figures beside it. Also `python -m pipelines.reproduce`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.command import CommandParser, run_command
from pipelines.errors import UserError

PROG = "empathy reproduce"
DESCRIPTION = (
    "Print a published table with our figures beside it, from the runs that are finished; the commands of those that "
    "are not are printed below it."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    from pipelines.literature.published import table_names

    parser = CommandParser(PROG, DESCRIPTION)
    parser.add_argument("table", metavar="TABLE", help=f"all, or one of {', '.join(table_names())}")
    parser.add_argument("--train", action="store_true", help="train what is missing first; it resumes when killed")
    parser.add_argument("--runs", metavar="DIR", help="folder that holds the experiments; default: as the configs say")
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write literature.md, .html and .json there")
    arguments = parser.parse_args(argv)
    from pipelines.literature.published import read_table
    from pipelines.literature.render import Reproduction, terminal, write_literature
    from pipelines.literature.reproduced import reproduce

    runs = arguments.runs
    if runs is not None and not arguments.train and not Path(runs).is_dir():
        raise UserError(
            f"--runs: expected the folder that holds the experiments, there is no folder {runs} (you are in "
            f"{os.getcwd()}); leave it out where nothing is trained yet"
        )
    names = table_names() if arguments.table == "all" else [arguments.table]
    tables = {name: read_table(name) for name in names}
    if arguments.train:
        from pipelines.peers.experiment import run_peer

        for table in tables.values():
            for row in reproduce(table, runs):
                if row.missing:
                    run_peer(row.settings)
    found = [Reproduction(name, table, reproduce(table, runs)) for name, table in tables.items()]
    print("\n\n".join(terminal(one) for one in found))
    if arguments.out is not None:
        print("\n" + "\n".join(str(path) for path in write_literature(found, arguments.out)))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
