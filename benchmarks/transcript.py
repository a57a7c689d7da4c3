"""Run the commands of a page in one shell, in a fresh clone, and put what they print under them.

    python benchmarks/transcript.py docs/first_hour.md --clone /tmp/clone

A shell block that is followed by a block of the language `text` gets its output there. Output of more than MOST lines
is cut in its middle, and says so. A command that fails ends the run, and the page stays as it was.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

MOST = 24  # lines of output that a block shows
DONE = "--- the block has ended with status"
# An indented or fenced block of commands, and the output under it.
BLOCK = re.compile(
    r"(?P<commands>(?:^    [^\n]*\n)+)(?P<gap>\n*)```text\n(?P<output>.*?)```\n", re.MULTILINE | re.DOTALL
)


class Shell:
    """One bash, in which a block finds what the ones before it have set, moved to and started."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            ["bash"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, commands: str) -> tuple[int, list[str]]:
        """Exit status and lines of output."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{commands}\nstatus=$?; echo; echo '{DONE}' $status\n")
        self.process.stdin.flush()
        lines: list[str] = []
        for line in self.process.stdout:
            if line.startswith(DONE):
                return int(line.split()[-1]), lines
            lines.append(line.rstrip())
        raise SystemExit(f"the shell ended under: {commands}")


def shown(lines: list[str]) -> str:
    """Output as the page shows it."""
    while lines and not lines[-1]:
        lines = lines[:-1]
    if len(lines) > MOST:
        half = MOST // 2
        lines = [*lines[:half], f"[... {len(lines) - 2 * half} more lines ...]", *lines[-half:]]
    return "".join(f"{line}\n" for line in lines)


def main() -> int:
    """Rewrite the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("--clone", type=Path, required=True, help="folder that the commands run in")
    arguments = parser.parse_args()
    shell = Shell(arguments.clone)

    def replaced(found: re.Match[str]) -> str:
        commands = re.sub(r"^    ", "", found["commands"], flags=re.MULTILINE)
        print(commands, flush=True)
        status, lines = shell.run(commands)
        output = shown(lines).replace(str(arguments.clone.resolve()), ".")
        print(output, flush=True)
        if status:
            raise SystemExit(f"expected exit status 0, got {status}")
        return f"{found['commands']}{found['gap']}```text\n{output}```\n"

    text = BLOCK.sub(replaced, arguments.page.read_text(encoding="utf-8"))
    shell.process.kill()
    arguments.page.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
