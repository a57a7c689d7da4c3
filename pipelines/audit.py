"""`empathy audit CONFIG.yaml`: how far scores agree with people. Also `python -m pipelines.audit`."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.command import run_command

PROG = "empathy audit"
DESCRIPTION = (
    "Compare every signal and the labels of a labels folder, and any scorers, with human ratings: before and after "
    "length and the rater are taken out, with intervals and ceilings. Writes audit.json, audit.md and audit.html, and "
    "human_agreement.json into every run folder among the scorers. --scorers takes several: run folders, "
    "python:MODULE:CALLABLE, csv:FILE. --write-pairs FILE writes the pairs (pair_id, context, response) as CSV for "
    "scorers outside and stops; their scores come back as csv:FILE with the columns pair_id and score."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    from pipelines.evaluation.audit_configuration import AuditSettings
    from pipelines.evaluation.scorer_arguments import split_arguments
    from pipelines.training.parsing import parse_settings

    arguments = list(sys.argv[1:] if argv is None else argv)
    rest, pairs_file = split_arguments(arguments, PROG)
    settings = parse_settings(AuditSettings, rest, PROG, DESCRIPTION)
    from pipelines.evaluation.audit_columns import label_columns, reference_columns, scorer_columns
    from pipelines.evaluation.audit_study import read_sets, study, write_run_files
    from pipelines.probes.pairs import write_pairs
    from pipelines.reporting.audit_page import write_audit
    from pipelines.reporting.audit_tables import console_lines, count_lines

    sets = read_sets(settings)
    if pairs_file is not None:
        count = write_pairs(pairs_file, [row for human in sets for row in human.examples()])
        print(f"{count:,} pairs: {pairs_file}")
        return 0
    columns = reference_columns(sets)
    if settings.labels is not None:
        columns += label_columns(Path(settings.labels), sets)
    columns += scorer_columns(settings.scorers, sets)
    found = study(settings, sets, columns)
    print("\n".join([*count_lines(found), "", *console_lines(found), ""]))
    command = shlex.join(["empathy", "audit", *arguments])
    written = [*write_audit(found, Path(settings.output_dir), command).values(), *write_run_files(found)]
    print("\n".join(map(str, written)))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
