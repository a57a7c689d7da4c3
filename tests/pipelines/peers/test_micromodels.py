"""Micromodels through the real command: files, figures, the shared embeddings, the curve, what is refused."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import f1_score

from pipelines import train
from pipelines.cli import main as empathy
from pipelines.errors import UserError
from pipelines.evaluation.rationale_metrics import rationale_metrics
from pipelines.evaluation.scorers import load_scorer
from pipelines.peers import micromodels, micromodels_embeddings
from pipelines.peers.micromodels import Settings
from pipelines.probes.pairs import one_turn, pair_row
from pipelines.training.parsing import parse_settings
from tests.pipelines.peers.invented_mechanisms import CUES, posts, write_config

FILES = {"config.yaml", "meta.json", "model", "predictions", "results.json"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_bert: str, mechanisms: str) -> str:
    """A config whose one run, of emotional reactions under seed 17, is finished."""
    pytest.importorskip("interpret", reason="needs interpret-core")
    path = write_config(tmp_path_factory.mktemp("micromodels"), "micromodels", tiny_bert, mechanisms)
    assert train.main([path]) == 0
    return path


def run_folder(config: str, name: str = "micromodels-er-seed17") -> Path:
    return Path(config).parent / "runs" / "tiny" / name


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return found


def test_a_run_leaves_the_files_of_a_run(config: str) -> None:
    run = run_folder(config)
    assert {path.name for path in run.iterdir()} == FILES
    assert {path.name for path in (run / "predictions").iterdir()} == {"valid.parquet", "test.parquet"}
    model = {path.name for path in (run / "model").iterdir()}
    assert model == {"config.json", "model.safetensors", "seeds.json", "seeds.npy", "README.md"}
    found = results(run)
    assert (found["peer"], found["variant"], found["seed"], found["stages"]) == ("micromodels", "er", 17, ["fit"])
    assert found["counts"] == {"train": 36, "valid": 12, "test": 12}
    meta = json.loads((run / "meta.json").read_text())
    assert meta["versions"]["interpret-core"]
    resolved = yaml.safe_load((run / "config.yaml").read_text())
    assert resolved["encoder_sha256"] == meta["encoder_sha256"]
    assert (resolved["seed"], resolved["model"]["theta"], resolved["processes"]) == (17, 0.7, 1)
    assert "text of the corpus" in (run / "model" / "README.md").read_text()


def test_figures_are_those_of_the_predictions(config: str) -> None:
    run = run_folder(config)
    for split in ("valid", "test"):
        frame = pd.read_parquet(run / "predictions" / f"{split}.parquet")
        assert list(frame) == ["id", "level", "level_logits", "rationale", "rationale_pred"]
        predicted = np.stack(frame["level_logits"].tolist()).argmax(axis=1)
        found = results(run)["metrics"][split]
        assert found["accuracy"] == pytest.approx((predicted == frame["level"]).mean())
        assert found["macro_f1"] == pytest.approx(f1_score(frame["level"], predicted, average="macro"))
        for over in ("all", "with_rationale"):
            measured = rationale_metrics(frame["rationale_pred"].tolist(), frame["rationale"].tolist(), over)
            for name in ("token_f1", "iou_f1"):
                assert found[f"{name}_{over}"] == pytest.approx(measured[name])
    assert results(run)["metrics"]["test"]["accuracy"] > 0.8  # a third by chance; the cue is a seed utterance


def test_rationales_are_marked_on_the_responses_tokens(config: str, tiny_bert: str) -> None:
    from modeling.encoder import load_tokenizer

    tokenizer = load_tokenizer(tiny_bert)
    frame = pd.read_parquet(run_folder(config) / "predictions" / "test.parquet")
    said = {f"{post['sp_id']}_{post['rp_id']}": post for post in posts()}
    for row in frame.itertuples():
        post = said[row.id]
        cue = CUES["er"][post["levels"]["er"]]
        assert row.level == post["levels"]["er"]
        assert len(row.rationale) == len(row.rationale_pred)
        assert len(row.rationale) == len(tokenizer(post["response_post"], add_special_tokens=False)["input_ids"])
        assert sum(row.rationale) == len(tokenizer(cue, add_special_tokens=False)["input_ids"])


def test_a_finished_run_is_skipped_and_another_configuration_refused(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (run_folder(config) / "results.json").stat().st_mtime_ns
    train.main([config])
    assert "finished before, skipped" in capsys.readouterr().out
    assert (run_folder(config) / "results.json").stat().st_mtime_ns == before
    with pytest.raises(UserError, match=r"belongs to another configuration: model\.theta was 0\.7, is 0\.5"):
        train.main([config, "--model.theta=0.5"])


def test_a_run_that_was_cut_off_ends_in_the_same_files(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = [config, f"--output_dir={tmp_path / 'runs'}"]
    with monkeypatch.context() as patched:
        patched.setattr(micromodels.Cell, "_meta", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            train.main(flags)
    run = tmp_path / "runs" / "tiny" / "micromodels-er-seed17"
    assert not (run / "results.json").exists()
    assert train.main(flags) == 0
    for name in ("results.json", "model/model.safetensors", "model/seeds.json", "model/seeds.npy"):
        assert (run / name).read_bytes() == (run_folder(config) / name).read_bytes(), name


def test_responses_are_embedded_once_for_all_seeds_and_mechanisms(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed, calls = micromodels_embeddings.embed_responses, []

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return embed(*arguments)

    monkeypatch.setattr(micromodels_embeddings, "embed_responses", counted)
    flags = [config, f"--output_dir={tmp_path / 'runs'}"]
    train.main([*flags, "--seeds=[17,39]"])
    train.main([*flags, "--data.mechanism=ip"])
    assert len(calls) == 1
    kept = list((tmp_path / "runs" / "tiny" / "micromodels-embeddings").iterdir())
    assert [path.suffix for path in kept] == [".npy"]
    runs = {path.parent.name: results(path.parent) for path in tmp_path.rglob("results.json")}
    assert set(runs) == {"micromodels-er-seed17", "micromodels-er-seed39", "micromodels-ip-seed17"}
    # One that took the vectors from the file is like one that made them.
    assert runs["micromodels-er-seed17"] == results(run_folder(config))
    ids = {name: set(pd.read_parquet(path.parent / "predictions" / "test.parquet")["id"])
           for name in runs for path in [next(tmp_path.rglob(f"{name}/results.json"))]}  # fmt: skip
    assert ids["micromodels-er-seed17"] == ids["micromodels-ip-seed17"] != ids["micromodels-er-seed39"]


def test_other_sentences_or_another_encoder_are_embedded_anew(tmp_path: Path, tiny_bert: str) -> None:
    frame = pd.DataFrame({"rp_id": ["a", "b"], "response_post": ["Oh no. Why?", ""]})
    first = micromodels_embeddings.embedded_responses(frame, tiny_bert, "one", tmp_path)
    again = micromodels_embeddings.embedded_responses(frame, "no/encoder", "one", tmp_path)
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert (again.ids, again.texts, again.spans) == (first.ids, first.texts, first.spans)
    assert again.response.tolist() == first.response.tolist() == [0, 0]
    micromodels_embeddings.embedded_responses(frame, tiny_bert, "two", tmp_path)
    frame.loc[1, "response_post"] = "I see."
    longer = micromodels_embeddings.embedded_responses(frame, tiny_bert, "one", tmp_path)
    assert longer.response.tolist() == [0, 0, 1]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_share_of_the_seeds_is_another_variant(config: str, tmp_path: Path, mechanisms: str, tiny_bert: str) -> None:
    posts_of = Path(shutil.copytree(mechanisms, tmp_path / "more"))
    file = posts_of / "emotional-reactions-reddit.csv"
    # Words of each post's own, so that there are many seed utterances.
    lines = [line.replace("Oh no.", f"Oh no {place}.") for place, line in enumerate(file.read_text().splitlines())]
    file.write_text("\n".join(lines) + "\n")
    flags = [config, f"--data.path={posts_of}", f"--output_dir={tmp_path / 'runs'}"]
    train.main(flags)
    train.main([*flags, "--model.seed_share=0.3"])
    runs = tmp_path / "runs" / "tiny"
    whole, part = (
        json.loads((runs / name / "model" / "seeds.json").read_text())
        for name in ("micromodels-er-seed17", "micromodels-er-seeds0.3-seed17")
    )
    weak = [one["levels"].count(1) for one in (whole, part)]
    assert weak[0] > 8
    assert weak[1] == int(np.ceil(0.3 * weak[0]))
    assert set(part["texts"]) < set(whole["texts"])
    assert results(runs / "micromodels-er-seeds0.3-seed17")["variant"] == "er-seeds0.3"


def test_the_saved_model_scores_the_expected_level_of_the_response(config: str) -> None:
    scorer = load_scorer(str(run_folder(config)))
    assert scorer.name == "tiny/micromodels-er-seed17"
    said = {f"{post['sp_id']}_{post['rp_id']}": post for post in posts()}
    frame = pd.read_parquet(run_folder(config) / "predictions" / "test.parquet")
    rows = [pair_row(one_turn(said[one]["seeker_post"]), said[one]["response_post"]) for one in frame["id"]]
    expected = np.exp(np.stack(frame["level_logits"].tolist())) @ [0, 1, 2]
    scores = scorer.score(rows)
    np.testing.assert_allclose(scores, expected, atol=0.05)  # vectors of bf16, in other batches
    assert np.ptp(scores) > 1
    np.testing.assert_array_equal(scorer.score(rows[::-1]), scores[::-1])
    other = [row | {"dialogue_context": one_turn("It rained.")} for row in rows]
    np.testing.assert_array_equal(scorer.score(other), scores)  # the context is not read
    blank = scorer.score([pair_row(one_turn("Hm."), " ")])  # no sentence at all
    assert np.isfinite(blank).all() and blank[0] < np.median(scores)


def test_a_broken_model_folder_is_refused(config: str, tmp_path: Path) -> None:
    run = shutil.copytree(run_folder(config), tmp_path / "run")
    (run / "model" / "seeds.npy").unlink()
    with pytest.raises(UserError, match="model: expected saved micromodels, they cannot be loaded"):
        load_scorer(str(run))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model.theta=1.5"], "model.theta: expected a cosine from -1 to 1, got 1.5"),
        (["--model.seed_groups=0"], "model.seed_groups: expected 1 or more, got 0"),
        (["--model.seed_share=0"], "model.seed_share: expected a share above 0, up to 1, got 0.0"),
        (["--model.nonsense=1"], "nonsense"),
        (["--data.mechanism=xx"], "mechanism"),
        (["--data.path=nowhere"], "emotional-reactions-reddit.csv: expected a CSV of EPITOME, came No such file"),
        (["--data.shares=[0.5,0.5,0.5]"], "data.shares: expected three shares above 0 that add up to 1"),
        (["--encoder.pooling=cls"], "encoder, precision, tracker: expected pooling mean"),
        (["--precision=fp32"], "bf16 and none: the encoder embeds sentences as it comes; got"),
        (["--stages=[{objective: multitask}]"], "stages: expected none to be named, or fit with its defaults"),
        (["--encoder.name_or_path=./no/encoder"], "expected a model folder, there is none at this path"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line_and_status_2(
    flags: list[str], message: str, tmp_path: Path, tiny_bert: str, mechanisms: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert empathy(["train", write_config(tmp_path, "micromodels", tiny_bert, mechanisms), *flags]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert error[0].startswith("empathy train: error: ") and message in error[0]
    assert not (tmp_path / "runs").exists()


def test_several_processes_and_a_missing_package_are_refused(
    tmp_path: Path, tiny_bert: str, mechanisms: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(tmp_path, "micromodels", tiny_bert, mechanisms)
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "interpret", None)
        with pytest.raises(
            UserError, match=r"interpret-core, found none: pip install 'empathy-cascade\[micromodels\]'"
        ):
            train.main([config])
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="expected one process: .*; run empathy train without accelerate launch"):
        train.main([config])


def test_too_few_pairs_are_refused(tmp_path: Path, tiny_bert: str, mechanisms: str) -> None:
    folder = Path(shutil.copytree(mechanisms, tmp_path / "few"))
    file = folder / "emotional-reactions-reddit.csv"
    lines = file.read_text().splitlines()
    config = write_config(tmp_path, "micromodels", tiny_bert, str(folder))
    file.write_text("\n".join(lines[:3]) + "\n")
    with pytest.raises(UserError, match="few: groups: expected enough of them for every split"):
        train.main([config])
    file.write_text("\n".join([lines[0], *(line for line in lines if ",0," not in line)][1:]) + "\n")
    with pytest.raises(UserError, match=r"few: training pairs: levels: expected every level from 0 to 2, got \[1, 2\]"):
        train.main([config])


def test_the_defaults_are_those_of_the_shipped_config() -> None:
    root = Path(__file__).parents[3]
    shipped = parse_settings(Settings, [str(root / "configs" / "peers" / "micromodels.yaml")], "empathy train", "")
    assert len(shipped.seeds) == 10
    assert (shipped.model, shipped.encoder) == (micromodels.MicromodelsModelSettings(), micromodels.ENCODER)
