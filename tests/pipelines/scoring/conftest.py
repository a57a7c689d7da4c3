"""A tiny release with invented weights, as `empathy release` would leave one."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from modeling.adapter import is_adapter
from mvc.model import MVCModel
from pipelines.data.dialogue import EMOTIONS
from pipelines.scoring.calibration import Calibration
from pipelines.scoring.checkpoint import FITTED, SCHEMA_VERSION, SCORER
from pipelines.scoring.network import ADAPTER, HEADS
from pipelines.scoring.scorer import EmpathyScorer
from pipelines.training.provenance import weights_sha256

HIDDEN = 32  # of the tiny encoders
CALIBRATION = Calibration((2.0, 3.0, 4.0), (-0.5, -1.0, -1.5, -2.0), (2.0, 1.5, 1.0, 0.5), 0.9, 2.0)


def write_release(folder: Path, encoder: str) -> MVCModel:
    """Write a release with random weights and return the network before it was written, its adapter not merged."""
    torch.manual_seed(3)
    names = dict(enumerate(EMOTIONS))
    model = MVCModel.from_encoder(
        encoder, adapter_rank=2, view_length=48, pooling="mean", relevance=True, gate=True, id2label=names
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.2)
            elif not is_adapter(name) and not name.startswith("encoder."):
                parameter.add_(torch.randn_like(parameter) * 0.2)
    model.config.save_pretrained(folder)
    model.encoder.backbone.save_pretrained(folder / ADAPTER)
    heads = {name: value.contiguous() for name, value in model.state_dict().items() if not name.startswith("encoder.")}
    save_file(heads, folder / HEADS)
    fitted = {
        "mechanism_weight": torch.randn(9, 3 * HIDDEN),
        "mechanism_bias": torch.randn(9),
        "domain_mean": torch.zeros(2 * HIDDEN),
        "domain_directions": torch.eye(2 * HIDDEN)[:4],
        "domain_variances": torch.ones(4),
    }
    save_file(fitted, folder / FITTED)
    described = {
        "schema_version": SCHEMA_VERSION,
        "encoder": {
            "name_or_path": encoder,
            "sha256": weights_sha256(model.encoder.pretrained_weights()),
            "version": "tiny",
        },
        "calibration": asdict(CALIBRATION),
        "domain": {"noise": 1.0, "farthest": 1e6},
    }
    (folder / SCORER).write_text(json.dumps(described), encoding="utf-8")
    return model.eval()


@pytest.fixture
def release(tiny_encoder: str, tmp_path: Path) -> Path:
    write_release(tmp_path / "release", tiny_encoder)
    return tmp_path / "release"


@pytest.fixture
def scorer(release: Path) -> EmpathyScorer:
    return EmpathyScorer.from_pretrained(release)
