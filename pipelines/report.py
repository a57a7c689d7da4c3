"""`empathy report RUN_FOLDER...`: tables, tests and figures over finished runs. Also `python -m pipelines.report`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.command import CommandParser, run_command

PROG = "empathy report"
DESCRIPTION = (
    "Write the seed-averaged report of finished runs: tables, paired tests, curves, confusions and calibration, "
    "as Markdown, LaTeX, JSON and one self-contained HTML page."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    parser = CommandParser(PROG, DESCRIPTION)
    parser.add_argument(
        "run_folders",
        nargs="+",
        type=Path,
        metavar="RUN_FOLDER",
        help="an experiment folder (runs/quickstart) or one run",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: reports/<experiment>")
    arguments = parser.parse_args(argv)
    from pipelines.reporting import write_report

    for path in write_report(arguments.run_folders, arguments.out).values():
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
