"""`empathy ablate SWEEP.yaml`: a sweep over families, lambda_emo and seeds. Also `python -m pipelines.ablate`."""

import sys
from collections.abc import Sequence

from pipelines.command import run_command

PROG = "empathy ablate"
DESCRIPTION = (
    "Run every cell of a sweep (family x lambda_emo x seed). Shows the plan and the time left, skips finished cells, "
    "goes on past a failed one and says so at the end (exit status 1). Every flag of empathy train is taken "
    "as well, and set in all configs: --data.path=X."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    from pipelines.training.configuration import ExperimentSettings, SweepSettings
    from pipelines.training.parsing import parse_settings

    arguments = sys.argv[1:] if argv is None else argv
    settings = parse_settings(SweepSettings, arguments, PROG, DESCRIPTION, inner=ExperimentSettings)
    from pipelines.training.sweep import run_sweep

    return run_sweep(settings)


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
