"""A kept connection gets an answer after the stop, and is closed with it; a new one is refused."""

import json
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

SECONDS = 60


def ask(connection: HTTPConnection) -> HTTPResponse:
    body = json.dumps({"context": "I lost my job.", "response": "Oh no, I am sorry."})
    connection.request("POST", "/v1/score", body, {"content-type": "application/json"})
    answer = connection.getresponse()
    assert 1 <= json.loads(answer.read())["empathy"] <= 5
    return answer


def connected(process: subprocess.Popen[bytes], port: int) -> HTTPConnection:
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        assert process.poll() is None
        connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return connection
    pytest.fail("the server did not start")


def test_a_stop_loses_no_request(release: Path) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, "-m", "pipelines.serve", f"--port={port}", f"--checkpoint={release}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        kept = connected(process, port)
        assert ask(kept).headers["connection"] is None
        process.send_signal(signal.SIGTERM)
        time.sleep(0.6)
        with pytest.raises(ConnectionRefusedError):
            HTTPConnection("127.0.0.1", port, timeout=SECONDS).connect()
        last = ask(kept)
        assert (last.status, last.headers["connection"]) == (200, "close")
        assert process.wait(SECONDS) == -signal.SIGTERM
    finally:
        process.kill()
        process.wait()
