import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import WriteConfig

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "kill_resume.py"


@pytest.mark.timeout(300)
def test_a_run_killed_twice_ends_in_the_same_figures(write_config: WriteConfig) -> None:
    stages = [
        {"objective": "emotion", "epochs": 6, "batch_size": 2, "select_on": "accuracy"},
        {"objective": "multitask", "epochs": 6, "batch_size": 2, "gradient_accumulation": 2, "select_on": "mae"},
    ]
    config = write_config("stm", stages=stages, checkpoint_every=3)
    done = subprocess.run(
        [sys.executable, SCRIPT, str(config), "--kills=2"], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "killed 2 times" in done.stdout
    assert "stm-lambda0.1-seed17/results.json: the same" in done.stdout
