"""`empathy train CONFIG.yaml`: train a family in stages, one run a seed. Also `python -m pipelines.train`."""

import os
import sys
from collections.abc import Sequence

from pipelines.command import run_command

PROG = "empathy train"
DESCRIPTION = (
    "Train a family in stages, once for each seed, and evaluate it. A finished run is skipped, a killed one resumes. "
    "With several GPUs: accelerate launch -m pipelines.train CONFIG.yaml."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    from pipelines.training.configuration import ExperimentSettings
    from pipelines.training.parsing import parse_settings

    settings = parse_settings(ExperimentSettings, sys.argv[1:] if argv is None else argv, PROG, DESCRIPTION)
    from pipelines.training.experiment import run_experiment
    from pipelines.training.summary import summary_lines

    results = run_experiment(settings)
    if os.environ.get("RANK", "0") == "0":
        print("\n".join(summary_lines(results)))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
