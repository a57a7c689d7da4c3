"""`empathy label LABELS.yaml`: hybrid 1-5 scores for every listener turn. Also `python -m pipelines.label`."""

import sys
from collections.abc import Sequence

from pipelines.command import run_command

PROG = "empathy label"
DESCRIPTION = (
    "Label every listener turn of EmpatheticDialogues with a 1-5 empathy score: run the labelling functions (cached, "
    "so that a killed build goes on where it was), fit the label model, write labels, signals and the label card."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    from pipelines.labels.configuration import LabelSettings
    from pipelines.training.parsing import parse_settings

    settings = parse_settings(LabelSettings, sys.argv[1:] if argv is None else argv, PROG, DESCRIPTION)
    from pipelines.labels.build import build_labels

    folder = build_labels(settings)
    print(folder.card_text)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
