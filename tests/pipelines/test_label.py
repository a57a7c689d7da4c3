"""`empathy label` from the raw corpus to labels that a model can be trained on."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from pipelines import cli
from pipelines.data.corpora import LABEL_SOURCES
from pipelines.data.corpus import ReaderReport
from pipelines.data.dialogue import SPLITS
from pipelines.data.empatheticdialogues import read_dialogues, read_empatheticdialogues
from pipelines.errors import UserError
from pipelines.evaluation.scorers import load_scorer
from pipelines.labels import text_rater
from pipelines.labels.functions import FUNCTIONS
from tests.pipelines.labels.invented import RESERVED, label_settings, quick


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, tiny_bert: str) -> Path:
    """Folder of the material, where `empathy label config.yaml` has run with all functions."""
    folder = tmp_path_factory.mktemp("label")
    settings = label_settings(folder, tiny_bert)
    (folder / "config.yaml").write_text(yaml.safe_dump(asdict(settings)), encoding="utf-8")
    with quick():
        assert cli.main(["label", str(folder / "config.yaml")]) == 0
    return folder


@pytest.fixture
def short_trainings() -> Iterator[None]:
    with quick():
        yield


def test_files(built: Path) -> None:
    names = {path.name for path in (built / "labels" / "invented").iterdir()}
    assert names == {"labels.parquet", "signals.parquet", "label_model.json", "card.json", "card.md"}
    signals = pd.read_parquet(built / "labels" / "invented" / "signals.parquet")
    columns = [f"{name}.{value}" for name, function in FUNCTIONS.items() for value in function.values]
    assert list(signals) == ["example_id", "conv_id", "turn", "split", *columns]


def test_every_listener_turn_has_a_score_in_its_own_split(built: Path) -> None:
    labels = pd.read_parquet(built / "labels" / "invented" / "labels.parquet")
    turns = {
        f"{dialogue.conv_id}/{turn.number}": split
        for split, dialogues in read_dialogues(str(built / "corpus"), ReaderReport("x"), strict=True).items()
        for dialogue in dialogues
        for turn in dialogue.turns
        if turn.role == "listener"
    }
    assert dict(zip(labels["example_id"], labels["split"], strict=True)) == turns
    assert len(labels) == len(turns) == 480
    assert labels["empathy"].between(1, 5).all()
    assert labels["empathy"].std() > 0.3
    assert set(labels["label_source"]) == {"hybrid:fitted"}
    splits = defaultdict(set)
    for conv_id, split in zip(labels["conv_id"], labels["split"], strict=True):
        splits[conv_id].add(split)
    assert {len(found) for found in splits.values()} == {1}
    assert set(RESERVED) <= set(labels["conv_id"])


def test_the_labels_fit_the_corpus_that_models_are_trained_on(built: Path) -> None:
    corpus = read_empatheticdialogues(str(built / "corpus"), frozenset(RESERVED), strict=True)
    labelled = LABEL_SOURCES["hybrid"](corpus, str(built / "labels" / "invented"))
    labels = pd.read_parquet(built / "labels" / "invented" / "labels.parquet").set_index("example_id")["empathy"]
    for split in SPLITS:
        examples = labelled.examples[split]
        assert examples["empathy"][:] == labels[examples["example_id"][:]].tolist()


def test_the_card(built: Path) -> None:
    card = json.loads((built / "labels" / "invented" / "card.json").read_text(encoding="utf-8"))
    assert card["schema_version"] == 1
    assert card["settings"]["functions"] == list(FUNCTIONS)
    assert set(card["cache_keys"]) == set(FUNCTIONS)
    assert {row["signal"].split(".")[0] for row in card["signals"]} == set(FUNCTIONS)
    assert sum(count["turns"] for count in card["counts"].values()) == 480
    assert card["agreement"]["valid"]["n"] == 36
    assert card["agreement"]["valid"]["spearman"]["value"] > 0.4
    merits = [row["agreement"]["spearman_within_rater"]["value"] for row in card["cross_validation"]]
    assert merits == sorted(merits, reverse=True)
    assert card["cross_validation"][0]["candidate"] == card["label_model"]["chosen"]
    text = (built / "labels" / "invented" / "card.md").read_text(encoding="utf-8")
    for name, function in FUNCTIONS.items():
        assert f"- `{name}`: {function.source}" in text


def test_a_second_run_comes_from_the_cache_and_ends_the_same(
    built: Path, short_trainings: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(text_rater, "train_rater", refuse)
    assert cli.main(["label", str(built / "config.yaml"), "--name=second"]) == 0
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line.endswith("from the cache")] == [
        f"{name}: from the cache" for name in FUNCTIONS
    ]
    assert "computing" not in said
    assert said.splitlines()[-1].endswith("card.md")
    for name in ("labels.parquet", "signals.parquet", "label_model.json"):
        first, second = ((built / "labels" / run / name).read_bytes() for run in ("invented", "second"))
        assert first == second, name
    first, second = (json.loads((built / "labels" / run / "card.json").read_text()) for run in ("invented", "second"))
    for one in (first, second):
        one["settings"].pop("name")
        one.pop("name")
    assert first == second


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--functions=[length,valence]"], "functions: expected names out of length, cues"),
        (["--functions=[length,length]"], "functions: expected at least one labelling function, each once"),
        (["--label_model=guessed"], "label_model"),
        (["--human_ratings_path=null"], "human_ratings_path: expected a CSV of human ratings for label_model fitted"),
        (["--path=nowhere"], "nowhere: expected a folder or a .tar, .tar.gz or .tgz of the corpus"),
        (
            ["--epitome_path=nowhere"],
            "nowhere: expected a file or folder that a labelling function reads",
        ),
        (["--name=a/b"], "name: expected a folder name other than cache, got 'a/b'"),
        (["--no_such_key=1"], "no_such_key"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_status_2(
    built: Path, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert cli.main(["label", str(built / "config.yaml"), *flags]) == 2
    error = capsys.readouterr().err
    *bars, last = error.strip().splitlines()
    assert last.startswith("empathy label: error: ") and message in last
    assert "Traceback" not in error and all("%" in line for line in bars if line)


def test_the_epitome_rater_is_a_scorer_that_agrees_with_the_signals(built: Path) -> None:
    folder = built / "labels" / "invented"
    signals = pd.read_parquet(folder / "signals.parquet").set_index("example_id")
    corpus = read_empatheticdialogues(str(built / "corpus"), frozenset(), strict=True)
    rows = [corpus.examples["valid"][index] for index in range(8)]
    ids = [row["example_id"] for row in rows]
    with quick():
        levels = load_scorer(f"epitome:{folder}").score(rows)
        one = load_scorer(f"epitome:{folder}#er").score(rows)
    expected = signals.loc[ids, ["epitome.er", "epitome.ip", "epitome.ex"]].sum(axis=1).to_numpy()
    assert levels == pytest.approx(expected, abs=0.05)  # bf16, in batches of other lengths
    assert one == pytest.approx(signals.loc[ids, "epitome.er"].to_numpy(), abs=0.02)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("epitome:{folder}#sympathy", "expected one of er, ip, ex after #, got 'sympathy'"),
        ("epitome:{folder}/nowhere", "expected a labels folder with its card"),
    ],
)
def test_a_wrong_epitome_scorer_is_refused(built: Path, spec: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_scorer(spec.format(folder=built / "labels" / "invented"))


def test_published_weights_need_no_human_ratings(
    built: Path, short_trainings: None, capsys: pytest.CaptureFixture[str]
) -> None:
    functions = "[length,cues,reaction,epitome,intents,emotions,relevance]"
    flags = ["--label_model=fixed", "--human_ratings_path=null", "--name=fixed"]
    assert cli.main(["label", str(built / "config.yaml"), f"--functions={functions}", *flags]) == 0
    labels = pd.read_parquet(built / "labels" / "fixed" / "labels.parquet")
    assert len(labels) == 480
    assert set(labels["label_source"]) == {"hybrid:fixed"}
    assert labels["empathy"].between(1, 5).all()
    assert labels["empathy"].std() > 0.1
    assert cli.main(["label", str(built / "config.yaml"), "--functions=[length]", *flags]) == 2
    error = capsys.readouterr().err
    assert (
        f"functions: expected {functions.replace(',', ', ')} or [length, cues, reaction, released] for label_model"
        in error
    )
    assert "got [length]; name those, or fit it" in error
