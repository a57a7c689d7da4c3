"""`empathy score IN --out OUT`: score a file of pairs, or one pair. Also `python -m pipelines.score`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.command import run_command
from pipelines.errors import UserError
from pipelines.scoring import PRECISIONS

PROG = "empathy score"
# oneDNN keeps what it prepared for the last 1,024 shapes of a bf16 product, hundreds of megabytes of them in a file of
# texts of many lengths. Few are met again: keeping less costs no time.
SHAPES_KEPT = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")
DESCRIPTION = (
    "Score how empathic replies are. With a file (.csv, .jsonl, .parquet) and --out, every row gets its scores; a row "
    "that cannot be scored goes to OUT.rejected.jsonl with the reason, and the exit status is 1. The same command goes "
    "on where a killed one stopped. With two texts, CONTEXT and REPLY, one score is printed."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    parser = argparse.ArgumentParser(prog=PROG, description=DESCRIPTION)
    parser.add_argument("what", nargs="+", metavar="FILE | CONTEXT REPLY", help="a file of pairs, or one pair")
    parser.add_argument("--out", type=Path, help="where a file's scores go: .csv, .jsonl or .parquet")
    parser.add_argument("--context", default="context", metavar="COLUMN", help="default: context")
    parser.add_argument("--response", default="response", metavar="COLUMN", help="default: response")
    parser.add_argument("--precision", default="fp32", choices=PRECISIONS, help="bf16, int8 are faster (default: fp32)")
    parser.add_argument("--checkpoint", metavar="FOLDER", help="a release; default: the one that is installed")
    parser.add_argument("--json", action="store_true", help="print all that is known of one pair, as JSON")
    arguments = parser.parse_args(argv)
    if len(arguments.what) > 2 or (len(arguments.what) == 2) == (arguments.out is not None):
        raise UserError("expected either FILE --out OUT, or two texts, CONTEXT REPLY; put quotes around a text")
    from pipelines.scoring.results import describe
    from pipelines.scoring.scorer import EmpathyScorer

    if arguments.out is None:
        score = EmpathyScorer.from_pretrained(arguments.checkpoint, arguments.precision).score(*arguments.what)
        print(json.dumps(score.to_dict(), indent=2) if arguments.json else describe(score))
        return 0
    os.environ.setdefault(*SHAPES_KEPT)  # oneDNN reads it at its first product
    from pipelines.scoring.batch.run import score_file

    scorer = EmpathyScorer.from_pretrained(arguments.checkpoint, arguments.precision)
    outcome = score_file(scorer, Path(arguments.what[0]), arguments.out, arguments.context, arguments.response)
    print(f"{outcome.scored:,} scored, {outcome.rejected:,} rejected: {', '.join(map(str, outcome.written))}")
    return 1 if outcome.rejected else 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
