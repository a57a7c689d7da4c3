"""`empathy serve`: the scorer over HTTP. Also `python -m pipelines.serve`."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from pipelines.command import CommandParser, run_command
from pipelines.errors import UserError
from pipelines.scoring import PRECISIONS
from pipelines.scoring.server.settings import KEY_VARIABLE, ServerSettings, bound_sockets, check_free

PROG = "empathy serve"
DESCRIPTION = (
    "Serve the scorer over HTTP: POST /v1/score, /v1/candidates and /v1/dialogue, GET /health and /metrics; /docs "
    f"shows them. Other machines reach it only with --host, and then with the key in {KEY_VARIABLE}."
)
CORS_HELP = "let pages of this origin ask from a browser, such as https://example.org; may be repeated (default: none)"
GRACE_SECONDS = 30  # for requests that were accepted before a stop


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    parser = CommandParser(PROG, DESCRIPTION)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--precision", default="fp32", choices=PRECISIONS, help="bf16, int8 are faster (default: fp32)")
    parser.add_argument("--checkpoint", metavar="FOLDER", help="a release; default: the one that is installed")
    parser.add_argument("--cors", action="append", default=[], metavar="ORIGIN", help=CORS_HELP)
    arguments = parser.parse_args(argv)
    key = os.environ.get(KEY_VARIABLE) or None
    settings = ServerSettings(arguments.host, arguments.port, key, cors=tuple(arguments.cors))
    check_free(settings.host, settings.port)  # before seconds of loading
    try:
        import uvicorn

        from pipelines.scoring.server.app import make_app
        from pipelines.scoring.server.draining import DrainingServer
    except ImportError as error:
        raise UserError(
            f"expected the packages of the server ({error}): pip install 'empathy-cascade[serve]'"
        ) from error
    from pipelines.scoring.scorer import EmpathyScorer

    app = make_app(EmpathyScorer.from_pretrained(arguments.checkpoint, arguments.precision), settings)
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, timeout_graceful_shutdown=GRACE_SECONDS, server_header=False
    )
    server = DrainingServer(config, app)
    sockets = bound_sockets(settings.host, settings.port)
    with suppress(KeyboardInterrupt):  # raised again after the stop
        server.run(sockets)
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
