"""Clients without a pause against `empathy serve`, which is told to stop in the middle.

    python benchmarks/serve_load.py --clients 64 --seconds 60

Each client sends its next request when it has the answer to the last. Halfway the server gets a SIGTERM. Counts
answers by status, connections refused after the stop, and requests that were lost: sent, and never answered. Exit
status 0 where none was lost, the server ended by itself and left no process, else 1.
"""

import argparse
import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2 as httpx
import numpy as np

from pipelines.command import run_command

ROOT = Path(__file__).resolve().parents[1]
SAID = ("I lost my job today.", "My sister is getting married!", "The bus was late again.", "We had to sell the house.")
REPLIES = ("Oh no, I am so sorry.", "You must be happy for her.", "What happened then?", "That is a pity.", "Why?")
STARTUP_SECONDS, STOP_SECONDS = 60, 45


@dataclass
class Counts:
    """statuses: answers. refused: connections, after the stop. lost: what httpx2 said of each. seconds: of answers."""

    statuses: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    lost: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


async def client(http: httpx.AsyncClient, number: int, ends: float, counts: Counts) -> None:
    """Send requests until `ends`, or until the server takes no more."""
    rng = random.Random(number)
    while time.monotonic() < ends:
        body = {"context": f"{rng.choice(SAID)} {rng.random():.6f}", "response": rng.choice(REPLIES)}
        started = time.monotonic()
        try:
            answer = await http.post("/v1/score", json=body)
        except httpx.ConnectError:
            counts.refused += 1
            return
        except httpx.HTTPError as error:
            counts.lost.append(repr(error))
            return
        counts.statuses[answer.status_code] += 1
        counts.seconds.append(time.monotonic() - started)
        if answer.status_code == 429:
            await asyncio.sleep(0.1)


async def storm(process: subprocess.Popen[bytes], url: str, clients: int, seconds: float) -> Counts:
    """All clients at once, and the stop halfway."""
    counts = Counts()
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as http:
        ends = time.monotonic() + seconds
        running = [asyncio.create_task(client(http, number, ends, counts)) for number in range(clients)]
        await asyncio.sleep(seconds / 2)
        process.send_signal(signal.SIGTERM)
        await asyncio.gather(*running)
    return counts


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_until_healthy(process: subprocess.Popen[bytes], url: str) -> None:
    """Raises RuntimeError where the server ends or does not answer in time."""
    ends = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            httpx.get(f"{url}/health").raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError(f"empathy serve: expected it to answer within {STARTUP_SECONDS} s, exit status {process.poll()}")


def processes_of(group: int) -> int:
    """How many processes are left in a process group."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return sum(int(pgid) == group and not stat.startswith("Z") for pgid, stat in rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--checkpoint", metavar="FOLDER", help="a release; default: the one that is installed")
    arguments = parser.parse_args(argv)
    port = free_port()
    command = [sys.executable, "-m", "pipelines.serve", "--port", str(port)]
    command += [] if arguments.checkpoint is None else ["--checkpoint", arguments.checkpoint]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(process, url)
        counts = asyncio.run(storm(process, url, arguments.clients, arguments.seconds))
        status: int | str = process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        status = "still running"
    finally:
        left = processes_of(process.pid)
        if left:
            os.killpg(process.pid, signal.SIGKILL)
    middle, high = np.quantile(counts.seconds or [np.nan], [0.5, 0.99])
    answers = ", ".join(f"{count:,} with {code}" for code, count in sorted(counts.statuses.items()))
    print(f"answered: {answers}; half within {1000 * middle:.0f} ms, 99 in 100 within {1000 * high:.0f} ms")
    print(f"refused a connection after the stop: {counts.refused}; lost: {len(counts.lost)}")
    for what, count in Counter(counts.lost).items():
        print(f"  {count} x {what}")
    print(f"exit status of the server: {status}; processes left: {left}")
    return 0 if not counts.lost and not left and status in (0, -signal.SIGTERM) else 1


if __name__ == "__main__":
    sys.exit(run_command("serve_load", main))
