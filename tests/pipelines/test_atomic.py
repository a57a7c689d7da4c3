import errno
import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines import atomic
from pipelines.atomic import write_json, write_text, write_with
from pipelines.errors import UserError


def test_json_is_the_same_bytes_for_equal_values(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": [1.5, None]})
    write_json(tmp_path / "b.json", {"a": [1.5, None], "b": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [1.5, None], "b": 1}


def test_nan_is_refused_since_it_is_not_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(tmp_path / "a.json", {"mae": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file_and_no_partial_one(tmp_path: Path) -> None:
    target = tmp_path / "kept.txt"
    write_text(target, "old")

    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise OSError(errno.EIO, "broken")

    with pytest.raises(OSError, match="broken"):
        write_with(target, fail)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_a_folder_takes_the_place_of_the_old_one_whole(tmp_path: Path) -> None:
    def folder_with(name: str):  # type: ignore[no-untyped-def]
        def write(partial: Path) -> None:
            partial.mkdir()
            (partial / name).write_text(name)

        return write

    write_with(tmp_path / "model", folder_with("first"))
    write_with(tmp_path / "model", folder_with("second"))
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["second"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_file_in_the_place_of_a_folder_is_one_clear_line(tmp_path: Path) -> None:
    write_text(tmp_path / "runs", "a file")
    target = tmp_path / "runs" / "literature" / "config.yaml"
    with pytest.raises(UserError) as raised:
        write_text(target, "seed: 17")
    assert str(raised.value) == (
        f"{target}: expected a place that can be written to, its folder cannot be made (Not a directory); "
        "choose another"
    )
    assert (tmp_path / "runs").read_text() == "a file"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        Exception("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_one_clear_line_whoever_reports_it(tmp_path: Path, error: Exception) -> None:
    def fail(partial: Path) -> None:
        raise error

    with pytest.raises(UserError, match=r"could not be written, the disk is full; nothing that was"):
        write_with(tmp_path / "checkpoint.pt", fail)


def test_a_really_full_disk(tmp_path: Path) -> None:
    """On a tmpfs of 1 MiB, where the machine lets us mount one."""
    mount = tmp_path / "tiny"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], capture_output=True).returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        write_text(mount / "checkpoint", "good")
        with pytest.raises(UserError, match="the disk is full"):
            write_text(mount / "checkpoint", "x" * 2_000_000)
        assert (mount / "checkpoint").read_text() == "good"
        assert os.listdir(mount) == ["checkpoint"]
    finally:
        subprocess.run(["umount", "--lazy", mount], check=True)


def folder_of(word: str, files: int = 20):  # type: ignore[no-untyped-def]
    def write(partial: Path) -> None:
        partial.mkdir()
        for place in range(files):
            (partial / f"{place}.txt").write_text(word)

    return write


def write_files(target: Path, word: str, times: int) -> None:
    for _ in range(times):
        write_text(target, word * 100_000)


def write_folders(target: Path, word: str, times: int) -> None:
    for _ in range(times):
        write_with(target, folder_of(word))


@pytest.mark.parametrize("write", [write_files, write_folders])
def test_processes_that_write_the_same_target_do_not_break_each_other(tmp_path: Path, write) -> None:  # type: ignore[no-untyped-def]
    """Whoever reads meanwhile finds it, whole, of one of them; at the end nothing else lies there."""
    target = tmp_path / "shared"
    write(target, "a", 1)
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=write, args=(target, word, 40)) for word in "bcd"]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        if write is write_files:
            text = target.read_text()
            assert (len(text), len(set(text))) == (100_000, 1)
            seen.add(text[0])
        else:
            handle = os.open(target, os.O_RDONLY)  # the folder that is there now, though another takes its place
            try:
                seen.add(len(os.listdir(handle)))
            finally:
                os.close(handle)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert os.listdir(tmp_path) == ["shared"]
    assert seen


def test_a_folder_is_replaced_where_the_system_cannot_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "_exchange", lambda first, second: False)
    write_with(tmp_path / "model", folder_of("first"))
    write_with(tmp_path / "model", folder_of("second", files=1))
    assert [path.read_text() for path in (tmp_path / "model").iterdir()] == ["second"]
    assert os.listdir(tmp_path) == ["model"]


def test_a_writer_that_writes_nothing_leaves_the_old_file(tmp_path: Path) -> None:
    write_text(tmp_path / "kept.txt", "old")
    with pytest.raises(FileNotFoundError):
        write_with(tmp_path / "kept.txt", lambda partial: None)
    assert (tmp_path / "kept.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["kept.txt"]


KILLED = """
import os, sys
from pathlib import Path
from pipelines.atomic import write_with
write_with(sys.argv[1], lambda partial: (partial.write_text("half"), os._exit(9)))
"""


def test_what_a_killed_process_left_is_removed_by_the_next_write(tmp_path: Path) -> None:
    target = tmp_path / "kept.txt"
    assert subprocess.run([sys.executable, "-c", KILLED, target]).returncode == 9
    (left,) = tmp_path.iterdir()
    of_this_process = left.with_name(left.name.replace(f"-{left.name.split('-')[1]}-", f"-{os.getpid()}-"))
    of_this_process.write_text("half")  # another thread's
    elsewhere = [tmp_path / f".kept.txt.00000000-1-{name}.partial" for name in ("new", "old")]
    for path in elsewhere:
        path.write_text("half")  # of another machine
    os.utime(elsewhere[1], (0, time.time() - atomic.STALE - 1))
    write_text(target, "whole")
    assert sorted(os.listdir(tmp_path)) == sorted([elsewhere[0].name, of_this_process.name, "kept.txt"])
    assert target.read_text() == "whole"


def test_a_folder_that_a_killed_process_had_put_away_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic.psutil, "pid_exists", lambda process: False)
    away = tmp_path / f".model.{atomic._machine()}-123-00.partial.old"
    folder_of("good", files=1)(away)

    def fail(partial: Path) -> None:
        raise OSError(errno.EIO, "broken")

    with pytest.raises(OSError, match="broken"):
        write_with(tmp_path / "model", fail)
    assert [path.read_text() for path in (tmp_path / "model").iterdir()] == ["good"]
