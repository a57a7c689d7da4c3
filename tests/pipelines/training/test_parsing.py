import importlib
from pathlib import Path

import pytest
import yaml

from pipelines.errors import UserError
from pipelines.evaluation.audit_configuration import AuditSettings
from pipelines.labels.configuration import LabelSettings
from pipelines.peers.registry import PEERS as PEER_MODULES
from pipelines.peers.registry import load_peer, peer_of
from pipelines.probes.configuration import ProbeSettings
from pipelines.scoring.configuration import ReleaseSettings
from pipelines.training.configuration import ExperimentSettings, SweepSettings
from pipelines.training.families import load_family
from pipelines.training.parsing import load_experiment, parse_settings
from pipelines.training.sweep import plan_sweep
from pipelines.training.tasks import check_stages

ROOT = Path(__file__).resolve().parents[3]
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
OTHERS = {"labels": LabelSettings, "audit": AuditSettings, "probe": ProbeSettings, "release": ReleaseSettings}
SWEEPS = [path for path in CONFIGS if "configs" in yaml.safe_load(path.read_text(encoding="utf-8"))]
PEERS = [path for path in CONFIGS if peer_of([str(path)]) is not None]
EXPERIMENTS = [path for path in CONFIGS if path not in (*SWEEPS, *PEERS) and path.stem not in OTHERS]


@pytest.fixture(autouse=True)
def _from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # sweeps name their configs from there


def test_there_are_configs_of_every_kind() -> None:
    names = {path.stem for path in CONFIGS}
    assert {"baseline", "stm", "mvc", "baseline-minilm", "stm-minilm", "mvc-minilm"} <= names
    assert {"ablation_lambda", "quickstart"} <= {path.stem for path in SWEEPS}
    assert {path.stem for path in PEERS} == set(PEER_MODULES)
    assert "adapter_stack" in {path.stem for path in EXPERIMENTS}


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_every_experiment_is_parsed_and_fits_its_family(path: Path) -> None:
    settings = load_experiment(str(path))
    check_stages(load_family(settings.family), settings.stages, settings.data)


@pytest.mark.parametrize("path", PEERS, ids=lambda path: path.stem)
def test_every_peers_config_is_parsed_and_fits_its_network(path: Path) -> None:
    peer = load_peer(path.stem)
    settings = parse_settings(peer.Settings, [str(path)], "empathy train", "")
    assert settings.peer == path.stem
    objectives = importlib.import_module(f"peers.{path.stem}").OBJECTIVES
    assert {stage.objective for stage in settings.stages} <= set(objectives)
    assert settings.cell_name(17).startswith(f"{path.stem}-") and settings.cell_name(17).endswith("-seed17")


@pytest.mark.parametrize("name", OTHERS)
def test_the_configs_of_the_other_commands_are_parsed(name: str) -> None:
    kind = OTHERS[name]
    assert isinstance(parse_settings(kind, [f"configs/{name}.yaml"], f"empathy {name}", ""), kind)


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_sweep_is_parsed_and_planned(path: Path) -> None:
    sweep = parse_settings(SweepSettings, [str(path)], "empathy ablate", "")
    values = 1 if sweep.lambda_emo is None else len(sweep.lambda_emo)
    assert len(plan_sweep(sweep)) == len(sweep.configs) * values * len(sweep.seeds)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_has_its_launch_line_on_top(path: Path) -> None:
    first, second = path.read_text(encoding="utf-8").splitlines()[:2]
    assert first.startswith("# Launch:   ")
    assert str(path.relative_to(ROOT)) in first
    assert second.startswith("# Override: ")


@pytest.mark.parametrize(
    ("family", "batch_size", "rate", "epochs", "accumulation"),
    [("baseline", 16, 3e-5, 5, 2), ("stm", 16, 2e-5, 10, 2), ("mvc", 8, 2e-5, 4, 1)],
)
def test_the_research_configs_have_the_published_settings(
    family: str, batch_size: int, rate: float, epochs: int, accumulation: int
) -> None:
    settings = load_experiment(f"configs/{family}.yaml")
    last = settings.stages[-1]
    assert (last.batch_size, last.learning_rate, last.epochs) == (batch_size, rate, epochs)
    assert last.gradient_accumulation == accumulation
    assert (settings.encoder.name_or_path, settings.encoder.view_length) == ("roberta-base", 256)
    assert (settings.precision, settings.lambda_emo, settings.seeds) == ("fp16", 0.1, [17, 39, 43])


def test_flags_override_the_yaml() -> None:
    settings = parse_settings(
        ExperimentSettings,
        ["configs/mvc.yaml", "--lambda_emo=0.3", "--model.cascade.signal=probs", "--data.path=null"],
        "empathy train",
        "",
    )
    assert (settings.lambda_emo, settings.model.cascade.signal, settings.data.path) == (0.3, "probs", None)
    assert settings.model.cascade.gold_mix == 0.0


def test_an_override_of_a_sweep_reaches_its_configs() -> None:
    settings = load_experiment("configs/mvc-minilm.yaml", {"data.corpus": "sample", "data.exclude_ids": None})
    assert (settings.data.corpus, settings.data.exclude_ids) == ("sample", None)


def test_a_wrong_key_in_a_yaml_names_file_and_key(tmp_path: Path) -> None:
    values = yaml.safe_load(Path("configs/mvc.yaml").read_text(encoding="utf-8"))
    values["encoder"]["poling"] = "cls"
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(UserError, match=r"wrong\.yaml:\d+: encoder\.poling: .*; did you mean encoder\.pooling\?$"):
        load_experiment(str(tmp_path / "wrong.yaml"))


def test_a_missing_yaml_says_where_one_is() -> None:
    with pytest.raises(UserError, match=r"configs/mvcc\.yaml: expected a YAML file, there is none \(you are in "):
        parse_settings(ExperimentSettings, ["configs/mvcc.yaml"], "empathy train", "")
    with pytest.raises(UserError, match="expected the path of a YAML first"):
        parse_settings(ExperimentSettings, ["--lambda_emo=1"], "empathy train", "")
