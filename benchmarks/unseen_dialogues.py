"""Which training dialogues an experiment has not trained on, to choose settings on them and not on validation or test.

    python benchmarks/unseen_dialogues.py configs/mvc-minilm.yaml --out seen.json
    empathy audit configs/audit.yaml --split=train --exclude_ids=seen.json --responses=null --scorers runs/...

Writes an exclude_ids file: the ids that the experiment keeps out, and those of its training dialogues.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.atomic import write_json
from pipelines.command import run_command
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.prepare import prepare_corpus, trained_dialogues
from pipelines.training.configuration import ExperimentSettings
from pipelines.training.parsing import parse_settings

PROG = "unseen_dialogues"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file and say how many dialogues it names. Raises UserError for what a user can get wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--out", type=Path, required=True)
    arguments, flags = parser.parse_known_args(argv)
    settings = parse_settings(ExperimentSettings, [arguments.config, *flags], PROG, str(__doc__))
    data = settings.data
    corpus = prepare_corpus(data)
    seen = trained_dialogues(corpus, [stage.max_dialogues for stage in settings.stages])
    ids = sorted(seen | read_exclude_ids(data.exclude_ids, data.corpus))
    write_json(arguments.out, {data.corpus: ids})
    print(f"{arguments.out}: {len(seen)} dialogues trained on, {len(ids)} ids in all")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
