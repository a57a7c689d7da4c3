"""What a run was made with, so that anyone can make it again."""

import hashlib
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

PACKAGES = (
    "empathy-cascade",
    "torch",
    "transformers",
    "accelerate",
    "datasets",
    "tokenizers",
    "numpy",
    "scipy",
    "scikit-learn",
)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that figures depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit() -> str | None:
    """The commit of the source tree, with "+changes" where tracked files differ from it; None outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True).stdout
        changed = subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=root, capture_output=True).returncode != 0
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.strip() + ("+changes" if changed else "")


def command() -> str:
    """The command line that runs now, as one would type it."""
    program = Path(sys.argv[0])
    name = f"python -m pipelines.{program.stem}" if program.suffix == ".py" else program.name
    return shlex.join([*name.split(), *sys.argv[1:]])


def weights_sha256(weights: Mapping[str, torch.Tensor]) -> str:
    """Sha256 (hex) over the names and values of weights, in order of name."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
