"""A folder in which the commands of the pages run as a reader would run them, on tiny corpora and a tiny encoder."""

import glob
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from pipelines import cli
from pipelines.evaluation.human_sets import RESPONSE_COLUMNS
from tests.docs.blocks import ROOT
from tests.pipelines.labels import invented

EXAMPLES = 48  # pairs of a probe corpus
# What the configs say here, so that a run takes seconds. Every other setting is the documented one.
SMALL = {
    r"(name_or_path|^encoder): .*": r"\1: {encoder}",
    r"view_length: \d+": "view_length: 64",
    r"^precision: \w+$": "precision: fp32",
    r"^seeds: .*": "seeds: [17]",
    r"epochs: \d+": "epochs: 1",
    r"^lambda_emo: \[.*\]": "lambda_emo: [0.3, 0.1]",
    r"stages.max_dialogues: null": "stages.max_dialogues: 64",
    r"^( +)max_dialogues: \w+": r"\1max_dialogues: 24",
}
SERVERS, PORT = ("serve", "demo"), 8000  # the port that the pages name
# The scorer of a user's own that docs/guide.md names.
MY_MODULE = "def my_function(contexts, responses):\n    return [float(len(text)) for text in responses]\n"


def write_data(data: Path) -> None:
    """The layout of `data/` with invented corpora in it."""
    data.mkdir()
    said = invented.write_corpus(data / "empatheticdialogues")
    (data / "human_ratings").mkdir()
    invented.write_ratings(data / "human_ratings" / "dialogues_1to5.csv", said)
    rows = [",".join(RESPONSE_COLUMNS)]
    for place, (conv_id, (split, texts)) in enumerate(said.items()):
        if split == "valid":
            rows.append(f"{conv_id},r{place % 3},proud,Situation.,The cat won.,human,{texts[0]},{1 + place % 3}")
    (data / "human_ratings" / "dev.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    invented.write_epitome(data / "epitome", pairs=60)
    invented.write_intents(data / "empathetic_intents")
    invented.write_goemotions(data / "goemotions")
    reserved = {"empatheticdialogues": ["hit:0_conv:0"], "goemotions": ["none"]}
    (data / "reserved_ids.json").write_text(json.dumps(reserved), encoding="utf-8")
    (data / "probe").mkdir()
    for name in ("dailydialog", "ubuntu"):
        pairs = [f'"Where is shelf {k}, please?",Take the {name} stairs to floor {k}.' for k in range(EXAMPLES)]
        text = "\n".join(["context,response", *pairs]) + "\n"
        (data / "probe" / f"{name}_dev.csv").write_text(text, encoding="utf-8")


class Workspace:
    """Runs commands in a folder. encoder: folder of the tiny encoder."""

    def __init__(self, folder: Path, encoder: str) -> None:
        self.folder, self.encoder = folder, encoder
        self.names: dict[str, object] = {"__name__": "documented"}
        self.servers: list[subprocess.Popen[bytes]] = []
        self.port = PORT
        shutil.copytree(ROOT / "configs", folder / "configs")
        for path in (folder / "configs").rglob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            for what, small in SMALL.items():
                text = re.sub(what, small.format(encoder=encoder), text, flags=re.MULTILINE)
            path.write_text(text, encoding="utf-8")
        (folder / "my_module.py").write_text(MY_MODULE, encoding="utf-8")
        (folder / "benchmarks").symlink_to(ROOT / "benchmarks")
        write_data(folder / "data")

    def run(self, command: str) -> int:
        """Run a command and give its exit status; those of `empathy` in this process, which has torch already."""
        line = command.replace("python -m pipelines.", "empathy ").replace("\\\n", " ")
        words = [word for part in shlex.split(line, comments=True) for word in _expanded(part)]
        if words[0] != "empathy" or {"|", ";", "&&", ">"} & set(words):
            return self._in_a_shell(command)
        words = words[1:]
        if words[0] == "demo" and find_spec("gradio") is None:
            return 0  # an extra that the tests do not install
        if words[0] in SERVERS:
            return self._serve(words)
        try:
            return cli.main(words)
        except SystemExit as end:  # of --help
            return int(end.code or 0)

    def execute(self, code: str, origin: str) -> None:
        """Run Python in one namespace, as blocks of one page are read one after the other.

        A block that starts processes begins in one of its own: what it would fork here is a test runner.
        """
        if "num_proc" in code:
            line = [sys.executable, "-c", code]
            subprocess.run(line, cwd=self.folder, env=self._environment(), timeout=250, check=True)
            return
        exec(compile(code.replace("range(300)", "range(60)"), origin, "exec"), self.names)

    def close(self) -> None:
        """Stop what still serves."""
        for server in self.servers:
            server.terminate()
            server.wait(timeout=60)

    def _in_a_shell(self, command: str) -> int:
        line = command.replace(f"localhost:{PORT}", f"localhost:{self.port}")
        return subprocess.run(["bash", "-ec", line], cwd=self.folder, env=self._environment(), timeout=250).returncode

    def _serve(self, words: list[str]) -> int:
        """Start a server on a free port in the place of the documented one; 0 when it answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        line = [f"{Path(sys.executable).parent}/empathy", *words, f"--port={self.port}"]
        server = subprocess.Popen(line, cwd=self.folder, env=self._environment())
        self.servers.append(server)
        for _ in range(600):
            if server.poll() is not None:
                return server.returncode
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return 0
            time.sleep(0.1)
        return 1

    def _environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def _expanded(word: str) -> list[str]:
    return sorted(glob.glob(word)) or [word] if any(mark in word for mark in "*?") else [word]
