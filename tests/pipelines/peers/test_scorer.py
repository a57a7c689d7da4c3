"""Runs of peers as plain scorers of probes and audits."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from pipelines import cli, train
from pipelines.data.empatheticdialogues import read_empatheticdialogues
from pipelines.errors import UserError
from pipelines.evaluation.audit_columns import scorer_columns
from pipelines.evaluation.human_sets import read_dialogue_set
from pipelines.evaluation.scorers import load_scorer, read_results
from pipelines.peers import scorer
from pipelines.probes import estimates
from pipelines.probes.configuration import ProbeSettings
from tests.pipelines.peers.invented_mechanisms import write_config
from tests.pipelines.probes.conftest import invented_corpus, probe_corpora, probe_settings

__all__ = ["invented_corpus", "probe_corpora", "probe_settings"]  # fixtures


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_bert: str, mechanisms: str) -> list[str]:
    """Run folders of the EPITOME model of emotional reactions, under the seeds 17 and 39."""
    folder = tmp_path_factory.mktemp("scorers")
    assert train.main([write_config(folder, "epitome", tiny_bert, mechanisms, seeds=[17, 39])]) == 0
    return [str(folder / "runs" / "tiny" / f"epitome-er-seed{seed}") for seed in (17, 39)]


def test_runs_of_a_peer_are_probed_kept_and_averaged_over_seeds(
    runs: list[str],
    probe_settings: ProbeSettings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(estimates, "RESAMPLES", 50)
    config = tmp_path / "probe.yaml"
    config.write_text(yaml.safe_dump(vars(probe_settings)))
    assert cli.main(["probe", str(config), "--scorers", *runs]) == 0
    content = json.loads((tmp_path / "probes" / "probes.json").read_text())
    cells = [one["cell"] for one in content["scorers"]]
    assert cells == [
        {"experiment": "tiny", "family": "epitome-er", "lambda_emo": None, "seed": seed} for seed in (17, 39)
    ]
    (mean,) = content["seeds"]
    assert (mean["name"], mean["seeds"]) == ("tiny/epitome-er", [17, 39])
    areas = [json.loads((Path(run) / "probes.json").read_text())["context_swap"]["area"]["value"] for run in runs]
    assert mean["figures"]["context_swap.area"]["mean"] == pytest.approx(sum(areas) / 2)
    capsys.readouterr()
    with monkeypatch.context() as patched:
        patched.setattr(scorer, "load_peer_scorer", None)
        assert cli.main(["probe", str(config), "--scorers", *runs]) == 0
    assert capsys.readouterr().out.count("probed before on the same pairs, skipped") == 2


def test_an_audit_takes_a_peers_scores_for_what_they_are(runs: list[str], tiny_corpus: str, tiny_ratings: str) -> None:
    corpus = read_empatheticdialogues(tiny_corpus, frozenset(), strict=True)
    human = read_dialogue_set(tiny_ratings, corpus, "train", frozenset())
    columns = scorer_columns(runs, [human])
    assert [column.name for column in columns] == ["tiny/epitome-er-seed17", "tiny/epitome-er-seed39"]
    for column, run in zip(columns, runs, strict=True):
        assert column.cell is not None
        assert (column.cell.folder, column.cell.family) == (Path(run), "tiny/epitome-er")
        assert column.ranges["dialogues"] is None  # levels of 0 to 2 are no scores of 1 to 5
        assert ((column.values["dialogues"] > 0) & (column.values["dialogues"] < 2)).all()


def test_what_is_no_peers_run_is_refused(runs: list[str], tmp_path: Path) -> None:
    run = Path(shutil.copytree(runs[0], tmp_path / "run"))
    results = json.loads((run / "results.json").read_text())
    (run / "results.json").write_text(json.dumps(results | {"peer": "oracle"}))
    with pytest.raises(UserError, match="peer: expected one of .*, got 'oracle'"):
        load_scorer(str(run))
    (run / "results.json").write_text(json.dumps({key: results[key] for key in results if key != "variant"}))
    with pytest.raises(UserError, match=r"expected the results of a run, it cannot be read \('variant'\)"):
        read_results(run)
    (run / "results.json").write_text(json.dumps(results))
    (run / "model" / "config.json").unlink()
    with pytest.raises(UserError, match="model: expected the saved model of a peer"):
        load_scorer(str(run))
