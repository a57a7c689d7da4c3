"""Kill a training run at random moments and check that it ends in the same figures as one that was left alone.

    python benchmarks/kill_resume.py configs/mvc-minilm.yaml --kills 5 --data.corpus=sample ...

Any other flag goes to `empathy train`. The two runs lie in a temporary folder. Exit status 0 if every results.json is
the same to the byte, else 1.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def steps_logged(folder: Path) -> int:
    """How many rows the runs below `folder` have logged: a clock that runs with training, not with start-up."""
    return sum(path.read_text(encoding="utf-8").count("\n") for path in folder.rglob("metrics.jsonl"))


def train(config: str, flags: list[str], folder: Path) -> list[str]:
    """The command that trains into `folder`."""
    return [sys.executable, "-m", "pipelines.train", config, *flags, f"--output_dir={folder}"]


def run_with_kills(command: list[str], folder: Path, kills: int, rows: int, rng: random.Random) -> list[int]:
    """Run `command` again and again, killing it `kills` times; return after how many logged rows it was killed."""
    killed_at: list[int] = []
    for moment in sorted(rng.sample(range(1, max(rows - 1, kills + 1)), kills)):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and steps_logged(folder) < moment:
            time.sleep(0.005)
        time.sleep(rng.random() * 0.3)  # anywhere: within a step, a validation or a write
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed_at.append(moment)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return killed_at


def main() -> int:
    """Compare the two runs and print the verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--rng", type=int, default=0, help="seed of the random moments")
    arguments, flags = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as scratch:
        whole, killed = Path(scratch, "whole"), Path(scratch, "killed")
        subprocess.run(
            train(arguments.config, flags, whole), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
        )
        rows = steps_logged(whole)
        command = train(arguments.config, flags, killed)
        moments = run_with_kills(command, killed, arguments.kills, rows, random.Random(arguments.rng))
        print(f"killed {len(moments)} times, after {moments} of {rows} logged rows")
        same = True
        for path in sorted(whole.rglob("results.json")):
            twin = killed / path.relative_to(whole)
            equal = path.read_bytes() == twin.read_bytes()
            same &= equal
            print(f"{path.relative_to(whole)}: {'the same' if equal else 'DIFFERS'}")
    return 0 if same and len(moments) == arguments.kills else 1


if __name__ == "__main__":
    sys.exit(main())
