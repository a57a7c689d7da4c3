"""`empathy score FILE --out OUT`: score a file, or one pair of texts. Also `python -m pipelines.score`."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.command import CommandParser, run_command
from pipelines.errors import UserError
from pipelines.scoring import PRECISIONS

if TYPE_CHECKING:
    from pipelines.scoring.batch.conversations import InputSettings

PROG = "empathy score"
# oneDNN keeps what it prepared for the last 1,024 shapes of a bf16 product, hundreds of megabytes of them in a file of
# texts of many lengths. Few are met again: keeping less costs no time.
SHAPES_KEPT = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")
DESCRIPTION = (
    "Score how empathic replies are: of a file, into --out, or of two texts, CONTEXT and REPLY. A row that cannot be "
    "scored goes to OUT.rejected.jsonl with the reason, and the exit status is 1. The same command goes on where a "
    "killed one stopped. docs/formats.md shows what a file may hold."
)
DASH = "a text that begins with a dash goes after two of them: empathy score -- CONTEXT REPLY"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    arguments = _parsed(argv)
    texts, out = arguments.what, arguments.out
    _check(texts, out)
    from pipelines.scoring.results import describe
    from pipelines.scoring.scorer import EmpathyScorer

    if out is None:
        score = EmpathyScorer.from_pretrained(arguments.checkpoint, arguments.precision).score(*texts)
        print(json.dumps(score.to_dict(), indent=2) if arguments.json else describe(score))
        return 0
    os.environ.setdefault(*SHAPES_KEPT)  # oneDNN reads it at its first product
    from pipelines.scoring.batch.run import score_file

    scorer = EmpathyScorer.from_pretrained(arguments.checkpoint, arguments.precision)
    outcome = score_file(scorer, Path(texts[0]), out, _input_settings(arguments), arguments.prefix)
    print(f"{outcome.scored:,} scored, {outcome.rejected:,} rejected: {', '.join(map(str, outcome.written))}")
    return 1 if outcome.rejected else 0


def _parsed(argv: Sequence[str] | None) -> Any:
    parser = CommandParser(PROG, DESCRIPTION)
    parser.add_argument("what", nargs="+", metavar="FILE | CONTEXT REPLY", help="a file, or one pair")
    parser.add_argument("--out", type=Path, help="where a file's scores go: .csv, .jsonl or .parquet")
    parser.add_argument("--json", action="store_true", help="print all that is known of one pair, as JSON")
    parser.add_argument("--precision", default="fp32", choices=PRECISIONS, help="bf16, int8 are faster (default: fp32)")
    parser.add_argument("--checkpoint", metavar="FOLDER", help="a release; default: the one that is installed")
    pairs = parser.add_argument_group("a file of pairs")
    pairs.add_argument("--context", default="context", metavar="COLUMN", help="default: context")
    pairs.add_argument("--response", default="response", metavar="COLUMN", help="default: response")
    others = parser.add_argument_group("a file of conversations (found by the columns' names where they are usual)")
    others.add_argument("--conversation", metavar="COLUMN", help="holds a whole conversation")
    others.add_argument("--id", metavar="COLUMN", help="one message a row: the conversation that it is of")
    others.add_argument("--role", metavar="COLUMN", help="one message a row: its author or role")
    others.add_argument("--text", metavar="COLUMN", help="one message a row: what it says")
    others.add_argument("--listener", metavar="NAME", help="whose turns are scored (default: who answers first)")
    form = parser.add_argument_group("how files are written")
    form.add_argument("--delimiter", help="of a CSV, such as ';' or tab (default: found in its header)")
    form.add_argument("--encoding", help="of a text file, such as cp1252 (default: UTF-8, or what its mark says)")
    form.add_argument("--prefix", default="", help="before the names of the new columns")
    try:
        return parser.parse_args(argv)
    except UserError as error:
        given = sys.argv[1:] if argv is None else argv
        if any(one.startswith("-") and not one.startswith("--") for one in given):
            raise UserError(f"{error}; {DASH}") from error
        raise


def _check(what: Sequence[str], out: Path | None) -> None:
    from pipelines.scoring.batch.source import KINDS

    files = [one for one in what if _is_file(one) or Path(one).suffix.lower() in KINDS]
    if len(what) > 1 and files:
        raise UserError(
            f"expected one FILE and --out OUT, or two texts, got {len(what)} names, {files[0]} among them; "
            "score one file after the other"
        )
    if len(what) == 1 and out is None:
        if files:
            raise UserError(f"{what[0]}: expected --out OUT beside a file, such as --out scored.csv")
        raise UserError("expected two texts, CONTEXT and REPLY, got one; put quotes around each")
    if len(what) > 2 or (len(what) == 2 and out is not None):
        raise UserError(
            f"expected FILE --out OUT, or two texts, CONTEXT REPLY, got {len(what)}; put quotes around each"
        )


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # a text that is too long for a name
        return False


def _input_settings(arguments: Any) -> "InputSettings":
    from pipelines.scoring.batch.conversations import InputSettings

    return InputSettings(
        context=arguments.context,
        response=arguments.response,
        conversation=arguments.conversation,
        id=arguments.id,
        role=arguments.role,
        text=arguments.text,
        listener=arguments.listener,
        delimiter=arguments.delimiter,
        encoding=arguments.encoding,
    )


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
