"""Pairs a second of the scorer beside the same checkpoint in a transformers pipeline, and memory beside file size.

    python benchmarks/scoring_bulk.py --path data/empatheticdialogues --pairs 5000 --precision bf16
    python benchmarks/scoring_bulk.py --path data/empatheticdialogues --rows 10000 100000

The first scores listener turns of the test split both ways, the pipeline in fp32 and at its default batching. The
second writes files of so many rows, scores each with `empathy score` in a process of its own and prints the most memory
it held.
"""

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

import torch

from pipelines.command import run_command
from pipelines.data.empatheticdialogues import read_empatheticdialogues
from pipelines.scoring import PRECISIONS, EmpathyScorer
from pipelines.scoring.reader import Row
from pipelines.scoring.transformers_pipeline import empathy_pipeline

ROOT = Path(__file__).resolve().parents[1]


def read_pairs(path: str) -> list[Row]:
    """Listener turns of the test split with all turns before them."""
    corpus = read_empatheticdialogues(path, frozenset(), strict=False)
    return list(corpus.examples["test"].select_columns(["dialogue_context", "response"]))


def rates(checkpoint: str | None, precision: str, rows: Sequence[Row]) -> dict[str, float]:
    """Pairs a second."""
    scorer = EmpathyScorer.from_pretrained(checkpoint, precision)
    pairs = [(row["dialogue_context"], row["response"]) for row in rows]
    scorer.score_pairs(pairs[:32])
    started = time.perf_counter()
    scorer.score_pairs(pairs)
    ours = len(pairs) / (time.perf_counter() - started)
    pipeline = empathy_pipeline(checkpoint)
    given = [{"context": context, "response": reply} for context, reply in pairs]
    pipeline(given[:32])
    started = time.perf_counter()
    pipeline(given)
    return {f"scorer, {precision}": ours, "transformers pipeline": len(pairs) / (time.perf_counter() - started)}


def most_memory(checkpoint: str | None, precision: str, rows: Sequence[Row], count: int) -> tuple[float, float]:
    """Mebibytes and seconds of `empathy score` on a CSV of `count` rows."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "pairs.csv"
        with source.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["context", "response", "id"])
            for number, row in enumerate(islice(cycle(rows), count)):
                writer.writerow([json.dumps(row["dialogue_context"]), f"{row['response']} {number}", number])
        command = [sys.executable, "-m", "pipelines.score", str(source), "--out", str(Path(folder) / "scored.parquet")]
        command += ["--precision", precision, *([] if checkpoint is None else ["--checkpoint", checkpoint])]
        started = time.perf_counter()
        process = os.posix_spawn(sys.executable, command, os.environ | {"PYTHONPATH": str(ROOT)})
        _, status, used = os.wait4(process, 0)
        if status:
            raise RuntimeError(f"empathy score: expected exit status 0, got {os.waitstatus_to_exitcode(status)}")
        return used.ru_maxrss / 1024, time.perf_counter() - started


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print. Raises UserError where there is no checkpoint or no corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", required=True, help="EmpatheticDialogues")
    parser.add_argument("--checkpoint", metavar="FOLDER", help="a release; default: the one that is installed")
    parser.add_argument("--precision", default="fp32", choices=PRECISIONS, help="of the scorer, not of the pipeline")
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--rows", type=int, nargs="+", default=[])
    arguments = parser.parse_args(argv)
    rows = read_pairs(arguments.path)
    if arguments.pairs is not None:
        found = rates(arguments.checkpoint, arguments.precision, rows[: arguments.pairs])
        for name, rate in found.items():
            print(f"{rate:8.1f} pairs a second  {name}")
        ratio = found[f"scorer, {arguments.precision}"] / found["transformers pipeline"]
        print(f"{ratio:8.2f} times as many; {torch.get_num_threads()} threads")
    for count in arguments.rows:
        memory, seconds = most_memory(arguments.checkpoint, arguments.precision, rows, count)
        print(f"{memory:8.0f} MiB at most for {count:,} rows, {count / seconds:.0f} rows a second")
    return 0


if __name__ == "__main__":
    sys.exit(run_command("scoring_bulk", main))
