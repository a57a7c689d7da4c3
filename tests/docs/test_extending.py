"""The examples of docs/extending.md are written out into a copy of the code, and its commands run there."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, blocks_of, commands_of
from tests.docs.workspace import write_data

PAGE = "docs/extending.md"
PACKAGES = ("modeling", "baseline", "stm", "mvc", "peers", "pipelines", "configs")
# The first line of a block says where it goes.
PLACE = re.compile(r"# (?P<file>[\w/]+\.py)(?:, (?P<where>at the top|in|before)(?: (?P<name>\w+))?)?")
# Runs commands one after the other in one process, which imports torch once.
RUNNER = """
import gc, json, runpy, sys
from pathlib import Path
sys.path.insert(0, "")
from pipelines import cli
import pipelines
gc.freeze()
gc.set_threshold(100_000)
assert Path(pipelines.__file__).is_relative_to(Path.cwd()), pipelines.__file__
for words in json.loads(sys.argv[1]):
    print("$", *words, flush=True)
    if words[0] == "empathy":
        assert cli.main(words[1:]) == 0, words
    else:
        runpy.run_path(words[1])
"""


def put(folder: Path, text: str) -> str:
    """Write a block where its first line says, and return the file's name."""
    first, _, code = text.partition("\n")
    found = PLACE.fullmatch(first)
    assert found, f"expected a first line such as '# file.py' or '# file.py, in NAME', got {first!r}"
    file = folder / found["file"]
    if found["where"] is None:
        file.parent.mkdir(exist_ok=True)
        file.write_text(code + "\n", encoding="utf-8")
        return found["file"]
    lines = file.read_text(encoding="utf-8").splitlines()
    if found["where"] == "at the top":
        place = max(number for number, line in enumerate(lines) if line.startswith(("import ", "from "))) + 1
    else:
        place = next(n for n, line in enumerate(lines) if re.match(rf"(def |class )?{found['name']}\b", line))
        if found["where"] == "in":  # after the last line of the same depth that the definition has
            indent = re.match(r" *", code)
            assert indent
            end = next((n for n in range(place + 1, len(lines)) if re.match(r"[^\s)}\]]", lines[n])), len(lines))
            same = re.compile(rf"{indent[0]}[^\s].*,$")
            place = max(number for number in range(place, end) if same.match(lines[number])) + 1
    lines[place:place] = code.splitlines() + ([""] * 2 if found["where"] == "before" else [])
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return found["file"]


def test_a_block_goes_where_its_first_line_says(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('import os\n\nNAMES = {\n    "x": 1,\n}\nMORE = {\n    "z": 3,\n}\n')
    put(tmp_path, '# a.py, in NAMES\n    "y": 2,')
    put(tmp_path, "# a.py, at the top\nimport re")
    put(tmp_path, "# a.py, before MORE\nTWO = 2")
    wanted = 'import os\nimport re\n\nNAMES = {\n    "x": 1,\n    "y": 2,\n}\nTWO = 2\n\n\nMORE = {\n    "z": 3,\n}\n'
    assert (tmp_path / "a.py").read_text() == wanted
    with pytest.raises(AssertionError, match="expected a first line"):
        put(tmp_path, "x = 1")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with every example written out."""
    folder = tmp_path_factory.mktemp("clone")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    write_data(folder / "data")
    for block in blocks_of(PAGE):
        if block.kind == "python":
            put(folder, block.text)
    return folder


def test_every_example_runs(clone: Path, tiny_bert: str) -> None:
    small = ["--encoder.name_or_path=" + tiny_bert, "--encoder.view_length=64", "--precision=fp32"]
    small += ["--stages.max_dialogues=24", "--data.max_evaluated_dialogues=8"]
    lines = [line for block in blocks_of(PAGE) if block.kind == "shell" for line in commands_of(block)]
    flags = next(line for line in lines if line.startswith("SAMPLE=")).removeprefix("SAMPLE=").strip('"')
    asked = []
    for line in lines:
        if line.startswith("SAMPLE="):
            continue
        split = subprocess.run(
            ["bash", "-c", f'SAMPLE="{flags}"; printf "%s\\n" {line}'], capture_output=True, text=True
        )
        words = [word for word in split.stdout.splitlines() if word != "\\"]
        if words[:2] == ["empathy", "label"]:
            words += [f"--encoder={tiny_bert}"]
        elif words[0] == "empathy":
            words += small
        asked.append(words)
    assert len(asked) >= 9
    environment = os.environ | {"PYTHONPATH": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, json.dumps(asked)], cwd=clone, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    runs = {path.parent.parent.name for path in clone.glob("runs/*/*/results.json")}
    assert {"contrast", "turns", "scores", "within_half", "empathy_only", "question", "praise"} <= runs
