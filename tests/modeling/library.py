"""The common model tests of transformers, which are in its source distribution alone: fetched once, kept beside it."""

import importlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import warnings
from pathlib import Path
from types import ModuleType

import pytest
import transformers

SHARE = Path(sys.prefix) / "share"
PACKAGE = f"transformers_tests_{transformers.__version__.replace('.', '_')}"
# Of its tests that are no part of the distribution; ours generate nothing, and export is tested in test_ecosystem.py.
MISSING = {"exporters/test_export.py": "ExportTesterMixin", "generation/test_utils.py": "GenerationTesterMixin"}


def common_tests() -> ModuleType:
    """The module with `ModelTesterMixin`. Skips the tests of the caller where it cannot be fetched."""
    if not (SHARE / PACKAGE).is_dir():
        with tempfile.TemporaryDirectory() as folder:
            fetched = _fetched(Path(folder))
            if fetched is None:
                pytest.skip("the source distribution of transformers cannot be fetched", allow_module_level=True)
            made = _unpacked(fetched, Path(folder))
            SHARE.mkdir(exist_ok=True)
            beside = Path(tempfile.mkdtemp(dir=SHARE)) / PACKAGE
            shutil.copytree(made, beside)
            try:
                beside.rename(SHARE / PACKAGE)
            except OSError:  # another process of the tests was first
                assert (SHARE / PACKAGE).is_dir()
            shutil.rmtree(beside.parent)
    if str(SHARE) not in sys.path:
        sys.path.append(str(SHARE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # marks that are not ours
        return importlib.import_module(f"{PACKAGE}.test_modeling_common")


def _fetched(folder: Path) -> Path | None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--retries=1", "--timeout=20", "--no-deps"]
    command += ["--no-binary=transformers", "--no-build-isolation", f"--dest={folder}"]
    done = subprocess.run([*command, f"transformers=={transformers.__version__}"], capture_output=True, timeout=200)
    found = list(folder.glob("transformers-*.tar.gz"))
    return found[0] if not done.returncode and found else None


def _unpacked(archive: Path, folder: Path) -> Path:
    made = folder / PACKAGE
    with tarfile.open(archive) as tar:
        members = [one for one in tar.getmembers() if Path(one.name).match("*/tests/*.py")]
        tar.extractall(folder, members, filter="data")
    (folder / archive.name.removesuffix(".tar.gz") / "tests").rename(made)
    (made / "__init__.py").touch()
    for path, name in MISSING.items():
        (made / path).parent.mkdir()
        (made / path).parent.joinpath("__init__.py").touch()
        (made / path).write_text(f"class {name}:\n    pass\n", encoding="utf-8")
    return made
