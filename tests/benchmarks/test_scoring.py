"""The benchmarks of the scorer run, on a tiny release, and say what they are there to say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines.scoring.conftest import write_release

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def tiny_release(tiny_bert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    write_release(folder, tiny_bert)
    return folder


def run(name: str, *flags: str) -> str:
    done = subprocess.run([sys.executable, BENCHMARKS / name, *flags], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_no_request_is_lost_when_the_server_is_stopped(tiny_release: Path) -> None:
    said = run("serve_load.py", "--clients=8", "--seconds=4", f"--checkpoint={tiny_release}")
    answered = re.search(r"answered: ([\d,]+) with 200", said)
    assert answered is not None, said
    assert int(answered[1].replace(",", "")) > 8
    assert "refused a connection after the stop: 8; lost: 0" in said
    assert "processes left: 0" in said


def test_rates_and_memory(tiny_release: Path, tiny_corpus: str) -> None:
    said = run("scoring_bulk.py", f"--path={tiny_corpus}", "--pairs=4", "--rows", "20", f"--checkpoint={tiny_release}")
    assert "pairs a second  transformers pipeline" in said
    assert re.search(r"\d+ MiB at most for 20 rows", said), said
