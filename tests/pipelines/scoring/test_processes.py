"""One scorer in several processes and threads; processes that share the 8-bit cache."""

import copy
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from pipelines.errors import UserError
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.checkpoint import SCORER
from tests.pipelines.scoring.conftest import write_release

PAIRS = [
    (f"Our old cat died {days} days ago.", reply) for days in range(8) for reply in ("Cats die.", "I am so sorry.")
]
# Run in a process of its own, with threads, so that one that waits for ever ends with the test.
# argv: release, precision, pairs.
CHILDREN = """
import json, multiprocessing, sys
import torch
torch.set_num_threads(2)
torch.randn(512, 512) @ torch.randn(512, 512)  # starts the threads
from pipelines.scoring import EmpathyScorer
scorer = EmpathyScorer.from_pretrained(sys.argv[1], sys.argv[2])
pairs = json.loads(sys.argv[3])
def scores(_=None):
    return [one.empathy for one in scorer.score_pairs(pairs)] + [torch.get_num_threads()]
expected = scores()
"""
FORKED = """
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(json.dumps([expected, *pool.map(scores, range(2))]))
"""
MAPPED = """
import datasets
datasets.disable_progress_bars()
rows = datasets.Dataset.from_dict({"context": [c for c, _ in pairs], "response": [r for _, r in pairs]})
found = rows.map(lambda row: {"empathy": scorer.score(row["context"], row["response"]).empathy}, num_proc=2)
print(json.dumps([expected, [*found["empathy"], 1]]))
"""
SPAWNED = """
import functools
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(scorer.score_pairs, (pairs,))
    print(json.dumps([expected, [one.empathy for one in found] + [1]]))
"""


@pytest.fixture(scope="module")
def release(tiny_bert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("processes") / "release"
    write_release(folder, tiny_bert)
    return folder


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("EMPATHY_CACHE", str(folder))
        yield folder


def run(code: str, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", CHILDREN + code, *arguments, json.dumps(PAIRS)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"OMP_NUM_THREADS": "2"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_forked_processes_score_with_one_thread_each(release: Path, precision: str) -> None:
    expected, *found = run(FORKED, str(release), precision)
    assert expected[-1] == 2
    for of_child in found:
        assert of_child == [*(pytest.approx(score, abs=0.02) for score in expected[:-1]), 1]


@pytest.mark.parametrize("code", [MAPPED, SPAWNED])
def test_a_data_set_that_is_mapped_by_two_processes(release: Path, code: str) -> None:
    expected, found = run(code, str(release), "fp32")
    assert found[:-1] == pytest.approx(expected[:-1], abs=1e-5)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_a_scorer_can_be_pickled_and_copied(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    scorer = EmpathyScorer.from_pretrained(os.path.relpath(release), precision)
    made = pickle.dumps(scorer)
    assert len(made) < 1000
    monkeypatch.chdir(tmp_path)  # another process may be elsewhere
    for again in (pickle.loads(made), copy.deepcopy(scorer)):
        assert again.precision == precision
        assert again.score_pairs(PAIRS) == scorer.score_pairs(PAIRS)


def test_a_pickle_of_a_release_that_changed_is_refused(release: Path, tmp_path: Path) -> None:
    release = shutil.copytree(release, tmp_path / "release")
    described = json.loads((release / SCORER).read_text())
    made = pickle.dumps(EmpathyScorer.from_pretrained(release))
    described["calibration"]["temperature"] = 9.0
    (release / SCORER).write_text(json.dumps(described))
    with pytest.raises(UserError, match="expected the release that the scorer was made from, it has changed; load it"):
        pickle.loads(made)


def test_threads_share_a_scorer(release: Path) -> None:
    """Long texts and short ones: cutting is a state of the tokenizer, which the threads would change for each other."""
    pairs = [(f"{context} " * (1 + place % 9 * 10), reply) for place, (context, reply) in enumerate(PAIRS * 4)]
    expected = [EmpathyScorer.from_pretrained(release).score(*pair) for pair in pairs]
    shared = EmpathyScorer.from_pretrained(release)
    shared.reader.memory.size = 5
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda pair: shared.score(*pair), pairs))
    assert [one.reasons for one in found] == [one.reasons for one in expected]
    assert [one.empathy for one in found] == pytest.approx([one.empathy for one in expected], abs=1e-5)


# The export is one that was made before, written slowly, so that the two meet. argv: release, the encoder in 8 bits.
BUILD = """
import sys, time
from pathlib import Path
from pipelines.scoring import EmpathyScorer, int8
def export(encoder, path):
    made = Path(sys.argv[2]).read_bytes()
    with path.open("wb") as file:
        for start in range(0, len(made), len(made) // 10):
            file.write(made[start : start + len(made) // 10])
            file.flush()
            time.sleep(0.2)
    print("made", flush=True)
int8.export_int8 = export
print(EmpathyScorer.from_pretrained(sys.argv[1], "int8").score("Our old cat died.", "I am so sorry.").empathy)
"""


def test_two_processes_make_the_8_bit_encoder_at_once(release: Path, cache: Path, tmp_path: Path) -> None:
    """Both score as one that is alone, and one file is left; a broken file is named."""
    expected = EmpathyScorer.from_pretrained(release, "int8").score("Our old cat died.", "I am so sorry.").empathy
    (made,) = cache.iterdir()
    command = [sys.executable, "-c", BUILD, str(release), str(made)]
    environment = os.environ | {"EMPATHY_CACHE": str(tmp_path)}
    builders = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) for _ in range(2)]
    for builder in builders:
        said, score = builder.communicate(timeout=120)[0].split()
        assert (said, float(score)) == ("made", pytest.approx(expected, abs=1e-5))
    (left,) = tmp_path.iterdir()
    assert left.read_bytes() == made.read_bytes()
    left.write_bytes(made.read_bytes()[:1000])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMPATHY_CACHE", str(tmp_path))
        with pytest.raises(
            UserError, match=f"^{left}: expected the encoder in 8 bits, it cannot be read .*; remove it"
        ):
            EmpathyScorer.from_pretrained(release, "int8")


def test_json_is_made_of_plain_values(release: Path) -> None:
    for precision in ("fp32", "bf16"):
        plain = EmpathyScorer.from_pretrained(release, precision).score(*PAIRS[0]).to_dict()
        assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert torch.get_num_threads() == 1
