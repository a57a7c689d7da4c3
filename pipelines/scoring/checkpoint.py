"""A released checkpoint: an adapter and heads on an encoder that is installed, safetensors and JSON only.

config.json                the network
adapter/                   the encoder's low-rank adapter, as peft writes it
heads.safetensors          the network's heads
fitted.safetensors         what was fitted on the frozen network: the mechanisms' heads, the domain
scorer.json                encoder, calibration, thresholds, provenance
README.md                  the model card
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError

from pipelines.errors import UserError
from pipelines.scoring.calibration import Calibration
from pipelines.scoring.domain import Domain
from pipelines.scoring.network import HEADS, ReleasedNetwork, merged_weights, read_network, read_tensors
from pipelines.scoring.tokenizer import FastTokenizer

if TYPE_CHECKING:
    from mvc.model import MVCModel

RELEASED = Path(__file__).parent / "released"
SCHEMA_VERSION = 1
FITTED, SCORER = "fitted.safetensors", "scorer.json"
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
PICKLED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy")


@dataclass(frozen=True)
class Checkpoint:
    """What a scorer is made of; the adapter is merged into the encoder. mechanism_*: (9, features) and (9,)."""

    folder: Path
    network: ReleasedNetwork
    tokenizer: FastTokenizer
    mechanism_weight: torch.Tensor
    mechanism_bias: torch.Tensor
    domain: Domain
    calibration: Calibration
    described: dict[str, Any]
    fingerprint: str


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read a release. Raises UserError where a part is missing, broken, of another encoder, or a pickle."""
    fix = "make the release again: empathy release"
    expect_release(folder)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICKLED:
            raise UserError(
                f"{path}: expected safetensors and JSON only, found a file that may hold a pickle, which can run any "
                "code when it is read; remove it"
            )
    try:
        described = json.loads((folder / SCORER).read_text(encoding="utf-8"))
        if described["schema_version"] != SCHEMA_VERSION:
            raise UserError(
                f"{folder / SCORER}: expected schema version {SCHEMA_VERSION}, got {described['schema_version']}; {fix}"
            )
        network, tokenizer = read_network(folder, described["encoder"])
        tensors = read_tensors(folder / FITTED)
        return Checkpoint(
            folder=folder,
            network=network,
            tokenizer=tokenizer,
            mechanism_weight=tensors["mechanism_weight"],
            mechanism_bias=tensors["mechanism_bias"],
            domain=Domain(
                tensors["domain_mean"],
                tensors["domain_directions"],
                tensors["domain_variances"],
                **described["domain"],
            ),
            calibration=Calibration(**described["calibration"]),
            described=described,
            fingerprint=fingerprint(folder),
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise UserError(f"{folder}: expected a released checkpoint, it cannot be read: {error}; {fix}") from error


def expect_release(folder: Path) -> None:
    """Raise UserError, saying what it is and what to do, where a folder holds no release."""
    if not (folder / SCORER).is_file():
        raise UserError(f"{folder}: expected a folder with a release ({SCORER}), {_what_it_is(folder)}")


def _what_it_is(folder: Path) -> str:
    """What was named instead of a release, and what to do."""
    if (folder / "results.json").is_file():
        return f"got a run; make a release of it: empathy release configs/release.yaml --run={folder} --output_dir=..."
    if runs := sorted(path.parent.name for path in folder.glob("*/results.json")):
        return (
            f"got a folder of runs ({', '.join(runs[:3])}); make a release of one: empathy release "
            f"configs/release.yaml --run={folder / runs[0]} --output_dir=..."
        )
    if (folder / "config.json").is_file():
        return "got a model of transformers; a release is made from a run's folder: empathy release"
    if folder.is_dir():
        return "there is none in it; make one: empathy release"
    if folder.exists():
        return f"got a file; name its folder: {folder.parent}"
    if HUB_ID.fullmatch(folder.as_posix()):
        return (
            f"there is no such folder; from the Hub it is fetched first: hf download {folder.as_posix()} --local-dir "
            "my_release (in Python: huggingface_hub.snapshot_download, which returns the folder)"
        )
    return "there is no such folder; name the one that empathy release wrote"


def read_model(folder: Path) -> "MVCModel":
    """The released network as a transformers model, for what is built on them; its scores are the same, and its
    name_or_path is the folder.

    Raises UserError where the folder holds no release, and what `read_network` raises.
    """
    expect_release(folder)
    from mvc.configuration import MVCConfig
    from mvc.model import MVCModel

    config = MVCConfig.from_pretrained(folder)
    config.adapter_rank, config.name_or_path = 0, str(folder)  # the adapter is merged
    model = MVCModel(config)
    described = json.loads((folder / SCORER).read_text(encoding="utf-8"))
    encoder = merged_weights(folder, described["encoder"])
    in_model = {f"encoder.backbone.{name}": value for name, value in encoder.items()}
    model.load_state_dict(read_tensors(folder / HEADS) | in_model)
    return model.eval()


def fingerprint(folder: Path) -> str:
    """Sha256 (hex) of everything that scores depend on."""
    digest = hashlib.sha256()
    for path in score_files(folder):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def score_files(folder: Path) -> list[Path]:
    """The files of a release that scores depend on; its README is none of them."""
    return [path for path in sorted(folder.rglob("*")) if path.suffix in (".json", ".safetensors")]
