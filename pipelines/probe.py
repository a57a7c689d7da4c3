"""`empathy probe CONFIG.yaml --scorers ...`: probes of any scorer. Also `python -m pipelines.probe`."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.command import run_command
from pipelines.errors import UserError
from pipelines.probes.configuration import ProbeSettings

if TYPE_CHECKING:
    from pipelines.probes.material import Material
    from pipelines.probes.study import Probed

PROG = "empathy probe"
DESCRIPTION = (
    "Probe scorers: phrase insertion, context swap, contradiction, length, one side alone. "
    "--scorers takes several: run folders, python:MODULE:CALLABLE, csv:FILE. "
    "--write-pairs FILE writes the pairs (pair_id, context, response) as CSV for scorers outside and stops; "
    "their scores come back as csv:FILE with the columns pair_id and score."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    from pipelines.evaluation.scorer_arguments import split_arguments
    from pipelines.training.parsing import parse_settings

    arguments = list(sys.argv[1:] if argv is None else argv)
    rest, pairs_file = split_arguments(arguments, PROG)
    settings = parse_settings(ProbeSettings, rest, PROG, DESCRIPTION)
    if not settings.scorers and pairs_file is None:
        raise UserError(
            "scorers: expected at least one, got none; give --scorers run folders, python:MODULE:CALLABLE or csv:FILE, "
            "or --write-pairs FILE"
        )
    from pipelines.probes.material import read_material
    from pipelines.probes.measure import probe_rows
    from pipelines.probes.page import write_study
    from pipelines.probes.pairs import write_pairs
    from pipelines.probes.study import ProbeStudy
    from pipelines.probes.tables import overview_lines

    if pairs_file is not None:
        count = write_pairs(pairs_file, probe_rows(read_material(settings)))
        print(f"{count:,} pairs: {pairs_file}")
        return 0
    material = read_material(settings)
    probed = [_probe(spec, material) for spec in settings.scorers]
    study = ProbeStudy(probed, asdict(settings), material.counts(), shlex.join(["empathy", "probe", *arguments]))
    print("\n".join(["", *overview_lines(study), ""]))
    for path in write_study(study, Path(settings.output_dir)):
        print(path)
    return 0


def _probe(spec: str, material: "Material") -> "Probed":
    """Probe one scorer; a run that was probed before on the same pairs is read from its folder."""
    from pipelines.atomic import write_json
    from pipelines.evaluation.scorers import load_scorer, run_folder
    from pipelines.probes.measure import finished_record, measure_scorer, settings_fingerprint
    from pipelines.probes.study import Probed, run_cell

    folder = run_folder(spec)
    if folder is None:
        return Probed(spec, measure_scorer(load_scorer(spec), material, print), None)
    cell = run_cell(folder)
    target, fingerprint = folder / "probes.json", settings_fingerprint(material, folder)
    record = finished_record(target, fingerprint)
    if record is None:
        record = measure_scorer(load_scorer(spec), material, print) | {"fingerprint": fingerprint}
        write_json(target, record)
    else:
        print(f"{record['scorer']}: probed before on the same pairs, skipped")
    return Probed(spec, record, cell)


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
