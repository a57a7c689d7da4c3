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
OTHERS = {
    "labels": LabelSettings,
    "labels-alone": LabelSettings,
    "audit": AuditSettings,
    "probe": ProbeSettings,
    "release": ReleaseSettings,
}
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


SMALL = (
    "name: t\nfamily: baseline\ndata: {corpus: sample}\nstages:\n  - objective: multitask\n    learning_rate: 1e-5\n"
)


@pytest.fixture
def small(tmp_path: Path) -> str:
    """Path of a short experiment."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--lamda_emo=1"], "--lamda_emo: no such setting; did you mean --lambda_emo?"),
        (["--lambda-emo=1"], "--lambda-emo: no such setting; did you mean --lambda_emo?"),
        (["--data.corpu=x"], "--data.corpu: no such setting; did you mean --data.corpus?"),
        (["--corpus=x"], "--corpus: no such setting; did you mean --data.corpus?"),
        (["--epocs=3"], "--epocs: no such setting; did you mean --stages.epochs?"),
        (["--zzz=3"], "--zzz: no such setting; --help shows them all"),
        (["--lambda_emo"], "--lambda_emo: expected a value, got none; write --lambda_emo=VALUE"),
        (["lambda_emo=3"], "got 'lambda_emo=3' as well; write --lambda_emo=3"),
        (["--seeds", "17", "39"], "got '39' as well; a list is one flag: --seeds=[17,39]"),
        (["-seeds=17"], "-seeds=17: expected a flag with two dashes, --key=value; -h shows them all"),
        (["--lambda_emo=abc"], "lambda_emo: expected a number, got 'abc'"),
        (["--stages.epochs=0"], "stages.epochs: expected at least 1, got 0"),
        (["--stages.patience=1"], "stages.patience: expected a stages.select_on metric beside it, got 1"),
        (["--precision=fp23"], "precision: expected one of fp32, bf16, fp16, got 'fp23'; did you mean fp32?"),
        (["--data.augmentation.variants.generic_reply=0.2"], "data.augmentation.name: expected a text, it is missing"),
    ],
)  # fmt: skip
def test_a_flag_that_does_not_fit_says_so_without_the_file(flags: list[str], message: str, small: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_settings(ExperimentSettings, [small, *flags], "empathy train", "")
    assert str(caught.value).endswith(message)


def test_what_stands_in_the_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    for line, message in {
        "    epochs: one": ":7: stages.epochs: expected a whole number, got 'one'",
        "    epochs: 0": ":7: stages.epochs: expected at least 1, got 0",
        "    epocs: 1": ":7: stages.epocs: no such setting; did you mean stages.epochs?",
        "lambda_emo: -1": ":7: lambda_emo: expected 0 or more, got -1.0",
        "seeds: [1, 1]": ":7: seeds: expected each seed once, got [1, 1]",
    }.items():
        path = tmp_path / "given.yaml"
        path.write_text(f"{SMALL}{line}\n", encoding="utf-8")
        with pytest.raises(UserError) as caught:
            parse_settings(ExperimentSettings, [str(path)], "empathy train", "")
        assert str(caught.value) == f"{path}{message}"


def test_flags_are_taken_in_every_form(small: str) -> None:
    def given(*flags: str) -> ExperimentSettings:
        return parse_settings(ExperimentSettings, flags, "empathy train", "")

    assert given(small).stages[0].learning_rate == 1e-5, "which YAML 1.1 takes for a text"
    assert given(small, "--seeds=17").seeds == [17]
    assert given(small, "--seeds=17,39").seeds == given(small, "--seeds", "[17, 39]").seeds == [17, 39]
    assert given("--seeds=3", small).seeds == given("--config", small, "--seeds=3").seeds == [3]
    assert given(small, "--name=2024", "--data.strict=yes").name == "2024"
    assert given(small, "--data={max_evaluated_dialogues: 3}").data.corpus == "sample"
    assert given(small, "--stages.epochs=7").stages[0].epochs == 7
    two = given(small, "--stages+={objective: multitask, epochs: 2}", "--stages.batch_size=4").stages
    assert [(stage.epochs, stage.batch_size) for stage in two] == [(3, 16), (2, 4)]


def test_print_config_prints_what_can_be_read_again(
    small: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_settings(ExperimentSettings, [small, "--lambda_emo=0.7", "--print_config"], "empathy train", "")
    again = tmp_path / "again.yaml"
    again.write_text(capsys.readouterr().out, encoding="utf-8")
    settings = load_experiment(str(again))
    assert settings == load_experiment(small, {"lambda_emo": 0.7})


def test_a_yaml_of_another_command_names_that_command() -> None:
    with pytest.raises(UserError, match=r"it has configs; run: empathy ablate configs/quickstart\.yaml$"):
        parse_settings(ExperimentSettings, ["configs/quickstart.yaml"], "empathy train", "")
    with pytest.raises(UserError, match=r"it has stages; run: empathy train configs/mvc\.yaml$"):
        parse_settings(SweepSettings, ["configs/mvc.yaml"], "empathy ablate", "")


def test_a_sweep_takes_the_flags_of_its_configs_beside_its_own() -> None:
    def given(*flags: str) -> SweepSettings:
        return parse_settings(
            SweepSettings, ["configs/quickstart.yaml", *flags], "empathy ablate", "", inner=ExperimentSettings
        )

    sweep = given("--data.path=x", "--encoder.name_or_path=roberta-base", "--seeds=3", "--overrides.precision=bf16")
    assert sweep.seeds == [3]
    assert sweep.overrides == given().overrides | {
        "data.path": "x",
        "encoder.name_or_path": "roberta-base",
        "precision": "bf16",
    }
    for flag, message in {
        "--data.pat=x": "--data.pat: no such setting; did you mean --data.path?",
        "--sedes=1": "--sedes: no such setting; did you mean --seeds?",
        "--overrides.data.pat=x": "overrides.data.pat: no such setting of empathy train; did you mean data.path?",
        "--overrides.seeds=[1]": "overrides.seeds: expected no setting of the sweep itself; give seeds",
    }.items():
        with pytest.raises(UserError) as caught:
            given(flag)
        assert str(caught.value) == message
