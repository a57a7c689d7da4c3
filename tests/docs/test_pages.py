"""Every command and code block of the pages runs, or says that it needs a GPU, the Hub, the network or hours."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import yaml

from pipelines.evaluation import human_agreement
from pipelines.probes import estimates
from pipelines.reporting import comparisons, svg
from tests.docs.blocks import Block, blocks_of, commands_of, needs
from tests.docs.workspace import Workspace
from tests.pipelines.labels.invented import quick

# In this order, since the guide makes the labels and the runs that other pages begin with.
PAGES = ("docs/guide.md", "docs/formats.md", "docs/scoring.md", "docs/data.md", "docs/footguns.md", "README.md")
# What the suite does anyway, or what changes the machine that it runs on.
ELSEWHERE = {
    "make quickstart": "its two commands stand in docs/guide.md and run there",
    "make test": "runs this",
    "make lint": "style and types are checked beside the tests",
    "python3 -m venv": "the environment that this runs in was made so",
    ". .venv/bin/activate": "the same",
    "pip install": "the same",
    "python benchmarks/kill_resume.py": "tests/benchmarks/test_kill_resume.py runs it",
    "python -m pytest": "the suite",
    "tensorboard": "it serves until it is stopped; tests/pipelines/test_train.py reads what it would show",
}


def test_the_first_hour_shows_what_its_commands_print() -> None:
    """benchmarks/transcript.py runs that page, an installation among its commands, and writes the output."""
    found = list(blocks_of("docs/first_hour.md"))
    commands, output = found[::2], found[1::2]
    assert len(commands) == len(output) >= 12
    assert {block.kind for block in output} == {"text"}
    assert all(block.text.strip() for block in output)
    programs = ("python3", "empathy", "printf", "python", "curl", "kill", "time empathy")
    assert [block.text for block in commands if not block.text.startswith(programs)] == []


def runnable(page: str) -> list[Block]:
    return [block for block in blocks_of(page) if block.kind in ("shell", "python", "yaml", "json")]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, tiny_bert: str) -> Iterator[Workspace]:
    with quick() as patch:
        patch.setattr(svg, "_to_svg", lambda figure, name: '<svg viewBox="0 0 1 1"></svg>')  # drawn by tests of reports
        patch.setattr(comparisons, "RESAMPLES", 20)
        patch.setattr(comparisons, "MARK_RESAMPLES", 20)
        patch.setattr(human_agreement, "_draws", partial(_few, human_agreement._draws))
        patch.setattr(estimates, "RESAMPLES", 20)
        made = Workspace(tmp_path_factory.mktemp("clone"), tiny_bert)
        yield made
        made.close()


def _few(draws: Callable[[int, int], Any], n: int, _: int) -> Any:
    return draws(n, 20)


@pytest.mark.parametrize("block", [block for page in PAGES for block in runnable(page)], ids=str)
def test_block(block: Block, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace.folder)
    if block.kind == "python":
        workspace.execute(block.text, str(block))
    elif block.kind in ("yaml", "json"):
        assert isinstance(yaml.safe_load(block.text), dict)
    else:
        for command in commands_of(block):
            if (needs(command) and not command.startswith("empathy ")) or any(
                command.startswith(start) for start in ELSEWHERE
            ):
                continue
            assert workspace.run(command) == 0, command
