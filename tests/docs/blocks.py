"""The code blocks of a Markdown page: fenced ones by their language, indented ones as commands or plain text."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^(\s*)```(\w*)\s*$")
PROGRAMS = (
    "empathy python python3 accelerate make pip curl tensorboard ln for mkdir cd cat printf sed git head . SAMPLE= "
    ".venv/bin/pre-commit"
)
COMMAND = re.compile(rf"^(?:{'|'.join(re.escape(name) for name in PROGRAMS.split())})(?:\s|$|(?<==))")
# What a command says of itself in its comment, and why it is then not run.
NEEDS = re.compile(r"#.*\b(GPUs?|Hub|network|hours)\b")


class Block(NamedTuple):
    """page: relative to the repository; line: of its first line; kind: shell, python, yaml, json or text."""

    page: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: str) -> Iterator[Block]:
    """The code blocks of a page, in their order."""
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        if opening := FENCE.match(lines[number]):
            indent, language = opening.groups()
            end = next(place for place in range(number + 1, len(lines)) if lines[place].strip() == "```")
            text = "\n".join(line.removeprefix(indent) for line in lines[number + 1 : end])
            yield Block(page, number + 2, {"bash": "shell", "sh": "shell"}.get(language, language or "text"), text)
            number = end + 1
        elif lines[number].startswith("    ") and not _in_a_list(lines, number):
            end = number
            while end < len(lines) and (
                lines[end].startswith("    ") or (not lines[end].strip() and _goes_on(lines, end))
            ):
                end += 1
            text = "\n".join(line[4:] for line in lines[number:end])
            yield Block(page, number + 1, "shell" if COMMAND.match(text) else "text", text)
            number = end
        else:
            number += 1


def _in_a_list(lines: list[str], number: int) -> bool:
    """Whether an indented line goes on with a list's item, and is no block."""
    return number > 0 and bool(lines[number - 1].strip())


def _goes_on(lines: list[str], number: int) -> bool:
    if lines[number].strip():
        return lines[number].startswith("    ")
    return number + 1 < len(lines) and lines[number + 1].startswith("    ")


def commands_of(block: Block) -> list[str]:
    """The commands of a shell block: a line each, but what a backslash, a loop or a here-document holds together."""
    commands: list[str] = []
    waiting: list[str] = []
    until: str | None = None
    for line in block.text.splitlines():
        if not waiting and not line.strip():
            continue
        waiting.append(line)
        if until is None:
            if begun := re.search(r"<<'?(\w+)'?", line):
                until = begun[1]
            elif re.match(r"(for|while) ", line) and "done" not in line:
                until = "done"
        if line.strip() == until:
            until = None
        if until is None and not line.endswith("\\") and _closed(waiting):
            commands.append("\n".join(waiting))
            waiting = []
    assert not waiting, f"{block}: a command that does not end: {waiting[0]}"
    return commands


def _closed(lines: list[str]) -> bool:
    return "\n".join(lines).count('"') % 2 == 0


def needs(command: str) -> str | None:
    """What a command says that it needs: a GPU, the Hub, the network or hours; None where it can be run anywhere."""
    found = NEEDS.search(command)
    return found[1] if found else None
