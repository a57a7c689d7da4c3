"""`empathy data` against a server on this machine: whole files, on from where it stopped, and clear lines else."""

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipelines import cli
from pipelines.data import sources
from pipelines.data.sources import RECORD, SOURCES, RemoteFile, Source
from pipelines.errors import UserError
from pipelines.fetch import main

CONTENT = bytes(range(256)) * 1000


@dataclass
class Server:
    """What is served, and what was asked for. cuts: connections that end early; ranges: whether parts may be asked."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: int = 0
    ranges: bool = True
    busy: int = 0
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.headers.get("Range"))
            content = served.files.get(self.path)
            if content is None or served.busy:
                served.busy -= content is not None
                self.send_error(404 if content is None else 503)
                return
            start = 0
            if served.ranges and (wanted := self.headers.get("Range")):
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
            self.end_headers()
            end = len(content)
            if served.cuts:
                served.cuts -= 1
                end = start + (len(content) - start) // 2
            self.wfile.write(content[start:end])

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Server(f"http://127.0.0.1:{running.server_port}")
    threading.Thread(target=running.serve_forever, daemon=True).start()
    monkeypatch.setattr(sources, "WAIT", 0.01)
    monkeypatch.setattr(sources, "BLOCK", 1024)
    yield served
    running.shutdown()
    running.server_close()


def one_file(server: Server, sha256: str | None = None) -> Source:
    server.files["/a.bin"] = CONTENT
    return Source("corpus", "bytes", "CC0: here", (RemoteFile(f"{server.url}/a.bin", "a.bin", sha256),))


def test_a_corpus_is_fetched_whole(server: Server, tmp_path: Path) -> None:
    folder = sources.fetch(one_file(server, hashlib.sha256(CONTENT).hexdigest()), tmp_path)
    assert {path.name for path in folder.iterdir()} == {"a.bin", RECORD}
    assert (folder / "a.bin").read_bytes() == CONTENT
    record = json.loads((folder / RECORD).read_text())
    assert record["files"][0] == {
        "file": "a.bin",
        "url": f"{server.url}/a.bin",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "bytes": len(CONTENT),
    }
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]
    sources.fetch(one_file(server), tmp_path)
    assert server.asked == [None]  # it is not asked for again


def test_a_connection_that_breaks_goes_on(server: Server, tmp_path: Path) -> None:
    server.cuts = 2
    folder = sources.fetch(one_file(server), tmp_path)
    assert (folder / "a.bin").read_bytes() == CONTENT
    first, second, third = server.asked
    assert (first, second) == (None, "bytes=128000-")
    assert str(third).startswith("bytes=19")


def test_a_command_that_was_stopped_goes_on(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.cuts = 1
    with monkeypatch.context() as patch:
        patch.setattr(sources, "TRIES", 1)
        with pytest.raises(UserError, match="expected a connection, .*; the same command goes on from 128,000 bytes"):
            sources.fetch(one_file(server), tmp_path)
    assert not (tmp_path / "corpus").exists()
    assert (sources.fetch(one_file(server), tmp_path) / "a.bin").read_bytes() == CONTENT
    assert server.asked[-1] == "bytes=128000-"


def test_a_server_that_sends_no_parts_begins_anew(server: Server, tmp_path: Path) -> None:
    server.cuts, server.ranges = 1, False
    assert (sources.fetch(one_file(server), tmp_path) / "a.bin").read_bytes() == CONTENT


def test_a_server_that_is_busy_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.busy = 2
    assert (sources.fetch(one_file(server), tmp_path) / "a.bin").read_bytes() == CONTENT
    assert len(server.asked) == 3


def test_another_file_is_refused_and_not_kept(server: Server, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"expected sha256 {'0' * 64}, got {hashlib.sha256(CONTENT).hexdigest()}"):
        sources.fetch(one_file(server, "0" * 64), tmp_path)
    assert not list(tmp_path.rglob("a.bin*"))


def test_what_is_not_there_and_no_network(server: Server, tmp_path: Path) -> None:
    gone = replace(one_file(server), files=(RemoteFile(f"{server.url}/b.bin", "b.bin"),))
    with pytest.raises(UserError, match="b.bin: expected the file, got 404 .*; see where it is now"):
        sources.fetch(gone, tmp_path)
    nobody = replace(gone, files=(RemoteFile("http://127.0.0.1:1/b.bin", "b.bin"),))
    with pytest.raises(UserError, match="expected a connection, got .*refused"):
        sources.fetch(nobody, tmp_path)


def test_an_archive_is_unpacked(server: Server, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in ("corpus/train.csv", "corpus/other.csv"):
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"ab"))
    server.files["/a.tar.gz"] = packed.getvalue()
    file = RemoteFile(f"{server.url}/a.tar.gz", "a.tar.gz", None, ("train.csv",))
    folder = sources.fetch(Source("corpus", "", "", (file,)), tmp_path)
    assert {path.name for path in folder.iterdir()} == {"train.csv", RECORD}
    missing = Source("other", "", "", (replace(file, unpack=("valid.csv",)),))
    with pytest.raises(UserError, match=r"expected an archive with valid.csv, it cannot be read"):
        sources.fetch(missing, tmp_path)


def test_the_command(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(SOURCES, "corpus", one_file(server))
    assert cli.main(["data", "corpus", "--to", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"corpus: CC0: here\n{tmp_path / 'corpus'}: bytes\n"
    assert main(["corpus", "--to", str(tmp_path)]) == 0
    assert "there already" in capsys.readouterr().out
    assert main(["--list", "--to", str(tmp_path)]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in SOURCES)
    assert "CC BY-NC 4.0" in listed and "fetched 20" in listed and "not yet" in listed and "by hand" in listed
    with pytest.raises(UserError, match="got 'goemotion'; did you mean goemotions?"):
        main(["goemotion"])
    with pytest.raises(UserError, match="expected to be filled by hand, .*put there dialogues_1to5.csv"):
        main(["human_ratings", "--to", str(tmp_path)])


def test_every_source_is_complete() -> None:
    for source in SOURCES.values():
        assert bool(source.files) != bool(source.by_hand), source.name
        assert source.licence and source.what
        assert all(file.url.startswith("https://") for file in source.files)
