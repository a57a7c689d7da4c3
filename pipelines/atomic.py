"""Files that are written whole or not at all."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.errors import UserError

NEARLY_FULL = 2**20  # bytes


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` that takes its place when the block ends well, and is removed when it does not."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{target}: expected a place that can be written to, its folder cannot be made ({error.strerror}); "
            "choose another"
        ) from error
    partial = target.with_name(f".{target.name}.partial")
    _remove(partial)
    try:
        yield partial
        if partial.is_file():
            with partial.open("rb") as handle:
                os.fsync(handle.fileno())
            partial.replace(target)
        else:
            _swap_folder(partial, target)
    except BaseException as error:
        full = _disk_full(error, target.parent)
        _remove(partial)
        if full:
            raise UserError(
                f"{target}: could not be written, the disk is full; nothing that was there before is lost: "
                "free some space and run the same command again"
            ) from error
        raise


def _swap_folder(partial: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    _remove(old)
    if target.exists():
        target.rename(old)
    partial.rename(target)
    _remove(old)


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
