"""The part of a command line that names scorers: what a shell's pattern expands to, and the file of pairs."""

import argparse
import json
from collections.abc import Sequence


def split_arguments(argv: Sequence[str], prog: str) -> tuple[list[str], str | None]:
    """The arguments for the settings, `--scorers a b` turned into a list in them, and the file of --write-pairs.

    >>> split_arguments(["audit.yaml", "--scorers", "runs/a", "runs/b"], "empathy audit")
    (['audit.yaml', '--scorers=["runs/a", "runs/b"]'], None)
    """
    parser = argparse.ArgumentParser(prog=prog, add_help=False, allow_abbrev=False)
    parser.add_argument("--scorers", nargs="+", default=[])
    parser.add_argument("--write-pairs")
    known, rest = parser.parse_known_args(argv)
    if known.scorers:
        # --scorers=[a,b], the form of every other list, stays as it is.
        as_list = len(known.scorers) == 1 and known.scorers[0].startswith("[")
        rest.append(f"--scorers={known.scorers[0] if as_list else json.dumps(known.scorers)}")
    return rest, known.write_pairs
