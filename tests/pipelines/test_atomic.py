import errno
import json
import os
import subprocess
from pathlib import Path

import pytest

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
