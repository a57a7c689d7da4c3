"""Files that are written whole or not at all."""

import ctypes
import errno
import glob
import hashlib
import json
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from pipelines.errors import UserError

NEARLY_FULL = 2**20  # bytes


STALE = 24 * 3600  # seconds after which an unfinished file is nobody's any more, wherever its process was
ATTEMPTS = 100  # to put a folder in the place of another that others replace at the same time
SWAP = 2  # RENAME_EXCHANGE of Linux's renameat2 and RENAME_SWAP of macOS's renamex_np
HERE = -100  # AT_FDCWD of Linux: paths are as given


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` that takes its place when the block ends well, and is removed when it does not.

    The path is this call's own, so that processes and threads that write the same target do not meet: the last one
    stays. What a killed process left there is removed.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{target}: expected a place that can be written to, its folder cannot be made ({error.strerror}); "
            "choose another"
        ) from error
    _remove_stale(target)
    partial = target.with_name(f".{target.name}.{_machine()}-{os.getpid()}-{secrets.token_hex(4)}.partial")
    try:
        yield partial
        if partial.is_dir():
            _swap_folder(partial, target)
        else:
            with partial.open("rb") as handle:
                os.fsync(handle.fileno())
            partial.replace(target)
    except BaseException as error:
        full = _disk_full(error, target.parent)
        if full:
            raise UserError(
                f"{target}: could not be written, the disk is full; nothing that was there before is lost: "
                "free some space and run the same command again"
            ) from error
        raise
    finally:
        _remove(partial)


def _swap_folder(partial: Path, target: Path) -> None:
    """Put a folder in the place of another, or of none; what was there is then at `partial`.

    In one step where the system can exchange two paths. Elsewhere the target is away for the time between two renames.
    """
    for _ in range(ATTEMPTS):
        try:
            partial.rename(target)  # where there is none, or an empty one
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
        try:
            if not _exchange(partial, target):
                away = partial.with_name(f"{partial.name}.old")
                target.rename(away)
                try:
                    partial.rename(target)
                except OSError:
                    away.rename(target)
                    raise
                away.rename(partial)
            return
        except FileNotFoundError:  # another process has just taken it away
            continue
    raise UserError(f"{target}: could not be written, others write it all the time; give each process its own folder")


def _exchange(first: Path, second: Path) -> bool:
    """Exchange two paths in one step; False where the system or the file system cannot."""
    if sys.platform not in ("linux", "darwin"):
        return False
    library, paths = ctypes.CDLL(None, use_errno=True), (os.fsencode(first), os.fsencode(second))
    if hasattr(library, "renameat2"):
        failed = library.renameat2(HERE, paths[0], HERE, paths[1], SWAP)
    elif hasattr(library, "renamex_np"):
        failed = library.renamex_np(*paths, SWAP)
    else:
        return False
    if failed and ctypes.get_errno() == errno.ENOENT:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(second))
    return not failed


def _machine() -> str:
    """Of processes that see each other's numbers: the host, and on Linux the container."""
    numbers = Path("/proc/self/ns/pid")
    inside = numbers.stat().st_ino if numbers.exists() else 0
    return hashlib.sha256(f"{socket.gethostname()} {inside}".encode()).hexdigest()[:8]


def _remove_stale(target: Path) -> None:
    """Remove what killed processes left beside `target`; what they had put away for a moment comes back."""
    for path in target.parent.glob(f".{glob.escape(target.name)}.*-*-*.partial*"):
        machine, process, _ = path.name.removeprefix(f".{target.name}.").split("-", 2)
        try:
            old = time.time() - path.stat().st_mtime > STALE
        except FileNotFoundError:
            continue  # its process has just finished
        if old or (machine == _machine() and not psutil.pid_exists(int(process))):
            if path.suffix == ".old" and not target.exists():
                path.rename(target)
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _disk_full(error: BaseException, folder: Path) -> bool:
    """Whether a write failed for want of space; asked while the partial file is still there.

    Python says so (errno 28) and so does safetensors (in words), torch only speaks of a broken stream.
    """
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return True
    return "No space left on device" in str(error) or shutil.disk_usage(folder).free < NEARLY_FULL


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8; the old file stays if the write fails.

    Raises UserError on a full disk and where the file's folder cannot be made.
    """
    with _replacing(Path(path)) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def write_array(path: str | Path, values: np.ndarray) -> None:
    """Write an array as .npy, which is read with allow_pickle off."""
    with _replacing(Path(path)) as partial, partial.open("wb") as handle:
        np.save(handle, values, allow_pickle=False)


def write_with(path: str | Path, writer: Callable[[Path], Any]) -> None:
    """Let `writer(partial_path)` make a file or a folder, then move it to `path` in one step."""
    with _replacing(Path(path)) as partial:
        writer(partial)
