"""`empathy demo`: a page to try the scorer on. Also `python -m pipelines.demo`."""

import sys
from collections.abc import Sequence

from pipelines.command import CommandParser, run_command
from pipelines.scoring.server.settings import check_free

PROG = "empathy demo"
DESCRIPTION = "Open a page in the browser: paste a conversation, compare two replies, see the words that count."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    parser = CommandParser(PROG, DESCRIPTION)
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--checkpoint", metavar="FOLDER", help="a release; default: the one that is installed")
    arguments = parser.parse_args(argv)
    check_free("127.0.0.1", arguments.port)
    from pipelines.scoring.demo import build_demo
    from pipelines.scoring.scorer import EmpathyScorer

    page = build_demo(EmpathyScorer.from_pretrained(arguments.checkpoint))
    page.launch(server_name="127.0.0.1", server_port=arguments.port)  # this machine alone
    return 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
