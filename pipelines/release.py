"""`empathy release CONFIG.yaml`: a checkpoint for the scorer from a run folder. Also `python -m pipelines.release`."""

import sys
from collections.abc import Sequence

from pipelines.command import run_command
from pipelines.scoring.configuration import ReleaseSettings

PROG = "empathy release"
DESCRIPTION = (
    "Make the checkpoint that EmpathyScorer loads from a finished run of mvc with an adapter: adapter and heads as "
    "safetensors, calibrated intervals and emotions, mechanisms, and a model card with its figures."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    from pipelines.training.parsing import parse_settings

    settings = parse_settings(ReleaseSettings, list(sys.argv[1:] if argv is None else argv), PROG, DESCRIPTION)
    from pipelines.scoring.release import make_release

    print(make_release(settings))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
