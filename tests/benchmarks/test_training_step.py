"""The benchmark of a training step runs, on a tiny encoder, and prints what it is there to print."""

import re

from tests.benchmarks.test_scoring import run


def test_both_dropouts_are_timed(tiny_encoder: str) -> None:
    said = run("training_step.py", f"--encoder={tiny_encoder}", "--steps=2")
    medians = [
        int(found) for found in re.findall(r"^(?:torch|modeling/dropout\.py) +median +(\d+) ms, least", said, re.M)
    ]
    assert len(medians) == 2
    assert re.search(r"^\d+\.\d\d times as fast$", said, re.M)
