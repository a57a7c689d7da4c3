"""From a run folder to a released checkpoint: adapter and heads, what is fitted on them, and the model card."""

import json
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from modeling.adapter import is_adapter
from modeling.resolve import PACKAGE_PREFIX
from mvc.model import MVCModel
from pipelines.atomic import write_json, write_with
from pipelines.errors import UserError
from pipelines.scoring.checkpoint import FITTED, SCHEMA_VERSION, SCORER, read_checkpoint
from pipelines.scoring.configuration import ReleaseSettings
from pipelines.scoring.network import ADAPTER, HEADS, read_network
from pipelines.scoring.reader import PairReader
from pipelines.scoring.release_card import release_card
from pipelines.scoring.release_data import ReleaseData, read_release_data
from pipelines.scoring.release_figures import figures
from pipelines.scoring.release_fits import fit_all
from pipelines.scoring.scorer import EmpathyScorer
from pipelines.training.configuration import ExperimentSettings
from pipelines.training.run_folder import cell_settings

KEPT = torch.float16  # of the weights that are written; all figures are those of the rounded ones


def make_release(settings: ReleaseSettings) -> Path:
    """Write the release whole and return its folder. Raises UserError where the run or the data do not fit."""
    run, target = Path(settings.run), Path(settings.output_dir)
    experiment = read_experiment(run)
    data = read_release_data(settings, experiment)
    write_with(target, lambda folder: _write(folder, run, experiment, data))
    return target


def read_experiment(run: Path) -> ExperimentSettings:
    """The settings of the run. Raises UserError where it is no finished run that can be released."""
    if not (run / "results.json").is_file() or not (run / "model").is_dir():
        raise UserError(f"{run}: expected the folder of a finished run, with results.json and model/; let it finish")
    experiment = cell_settings(run)
    cascade = experiment.model.cascade
    if experiment.family != "mvc" or not (experiment.encoder.adapter_rank and cascade.relevance and cascade.gate):
        raise UserError(
            f"{run}: expected a run of mvc with encoder.adapter_rank, model.cascade.relevance and model.cascade.gate; "
            "train configs/released-minilm.yaml"
        )
    if experiment.data.seen != "both" or experiment.data.test_split != "test":
        raise UserError(
            f"{run}: expected a run with data.seen both and data.test_split test, got {experiment.data.seen} and "
            f"{experiment.data.test_split}; train configs/released-minilm.yaml"
        )
    return experiment


def _write(folder: Path, run: Path, experiment: ExperimentSettings, data: ReleaseData) -> None:
    described = _write_network(folder, run, experiment)
    reader = PairReader(*read_network(folder, described["encoder"]))
    fitted = fit_all(reader, data, experiment)
    domain = fitted.domain
    tensors = {
        "mechanism_weight": torch.from_numpy(fitted.heads.weight),
        "mechanism_bias": torch.from_numpy(fitted.heads.bias),
        "domain_mean": domain.mean,
        "domain_directions": domain.directions,
        "domain_variances": domain.variances,
    }
    save_file({name: value.float().contiguous() for name, value in tensors.items()}, folder / FITTED)
    described |= {
        "calibration": asdict(fitted.calibration),
        "domain": {"noise": domain.noise, "farthest": domain.farthest},
        "fitted_on": fitted.counts,
        "probed_on": data.material.counts(),
    }
    write_json(folder / SCORER, described)
    scorer = EmpathyScorer(read_checkpoint(folder))
    described["figures"] = figures(scorer, data) | {"mechanisms": fitted.heads.reported}
    write_json(folder / SCORER, described)
    (folder / "README.md").write_text(release_card(described, experiment), encoding="utf-8")


def _write_network(folder: Path, run: Path, experiment: ExperimentSettings) -> dict[str, Any]:
    """Adapter, configuration and heads, rounded; returns the first part of scorer.json."""
    try:
        model = MVCModel.from_pretrained(run / "model")
    except (OSError, ValueError) as error:
        raise UserError(f"{run / 'model'}: expected a saved mvc model: {error}") from error
    encoder = experiment.encoder.name_or_path
    folder.mkdir(parents=True)
    model.config.save_pretrained(folder)
    backbone = model.encoder.backbone
    for name, parameter in backbone.named_parameters():
        if is_adapter(name):
            parameter.data = parameter.data.to(KEPT)
    for config in backbone.peft_config.values():
        config.base_model_name_or_path = encoder
    backbone.save_pretrained(folder / ADAPTER)
    (folder / ADAPTER / "README.md").unlink(missing_ok=True)  # of peft; the card stands above it
    heads = {name: value for name, value in model.state_dict().items() if not name.startswith("encoder.")}
    save_file({name: value.to(KEPT).contiguous() for name, value in heads.items()}, folder / HEADS)
    meta = json.loads((run / "meta.json").read_text(encoding="utf-8"))
    return {
        "schema_version": SCHEMA_VERSION,
        "encoder": {"name_or_path": encoder, "sha256": meta["encoder_sha256"], "version": _encoder_version(encoder)},
        "run": {key: meta[key] for key in ("command", "commit", "data_fingerprint", "versions")},
    }


def _encoder_version(encoder: str) -> str:
    if not encoder.startswith(PACKAGE_PREFIX):
        return encoder
    package = encoder.removeprefix(PACKAGE_PREFIX).replace("_", "-")
    try:
        return f"{package}=={version(package)}"
    except PackageNotFoundError as error:
        raise UserError(f"encoder {encoder}: expected an installed package {package}, there is none") from error
