"""`empathy audit`, from files to its page."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from pipelines import cli, train
from pipelines.data.human_ratings import read_dialogue_ratings
from pipelines.evaluation import human_agreement
from pipelines.evaluation.audit_configuration import AuditSettings
from pipelines.evaluation.human_sets import RESPONSE_COLUMNS
from pipelines.reporting.audit_plots import calibration_bins
from pipelines.reporting.people_and_probes import read_measured
from pipelines.training.parsing import parse_settings
from tests.conftest import DIALOGUES, WriteConfig

ROOT = Path(__file__).parents[2]
REAL = ROOT / "data"
WORD = "<zebra & co>"  # in one response only, and hostile to HTML


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = human_agreement._draws
    monkeypatch.setattr(human_agreement, "_draws", lambda n, resamples: draws(n, 60))


def corpus_turns() -> pd.DataFrame:
    """A row a listener turn of the tiny corpus."""
    rows = [
        (f"{conv_id}/{turn}", conv_id, turn, split, turns[turn - 1])
        for split, dialogues in DIALOGUES.items()
        for conv_id, (_, _, turns) in dialogues.items()
        for turn in range(2, len(turns) + 1, 2)
    ]
    return pd.DataFrame(rows, columns=["example_id", "conv_id", "turn", "split", "response"])


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A labels folder of the tiny corpus: words as labels, a signal against them, a constant and an abstaining one."""
    folder = tmp_path / "labels" / "hybrid"
    folder.mkdir(parents=True)
    table = corpus_turns()
    words = table.pop("response").str.split().str.len()
    table.assign(empathy=np.clip(words / 3, 1, 5), empathy_sd=0.3).to_parquet(folder / "labels.parquet")
    signals = {"length.words": words * 1.0, "against.words": 50.0 - words, "flat.one": 1.0, "mute.all": np.nan}
    table.assign(**signals).to_parquet(folder / "signals.parquet")
    return folder


@pytest.fixture
def config(tmp_path: Path, tiny_corpus: str, tiny_ratings: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An audit YAML on the training split of the tiny corpus, which has five rated dialogues; a scorer in reach."""
    first = {"a": (["Cats die."], "hit:1_conv:2"), "b": (["Oh."], "hit:2_conv:3"), "c": ([WORD], "hit:2_conv:4")}
    responses = [
        [conv_id, f"r{k % 2}", "sad", "", "What now?", source, text, str(1 + (k * 2) % 3)]
        for k, (texts, conv_id) in enumerate(first.values())
        for source in ("human", "chatgpt")
        for text in texts
    ]
    with (tmp_path / "dev.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([RESPONSE_COLUMNS, *responses])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "word_scorer.py").write_text(
        "def score(contexts, responses):\n    return [len(one.split()) / 20 for one in responses]\n"
    )
    settings = {
        "path": tiny_corpus,
        "dialogues": tiny_ratings,
        "responses": str(tmp_path / "dev.csv"),
        "split": "train",
        "disagreements": 2,
        "output_dir": str(tmp_path / "out"),
    }
    path = tmp_path / "audit.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


def audited(tmp_path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((tmp_path / "out" / "audit.json").read_text())
    return content


def test_signals_labels_and_a_callable_are_compared_with_both_sets(
    config: Path, labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], tiny_ratings: str
) -> None:
    assert cli.main(["audit", str(config), "--labels", str(labels), "--scorers", "python:word_scorer:score"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "dialogues: 5 ratings on 1 sheets (split train); dropped: other split 3"
    assert said[1].startswith("responses: 3 ratings on 2 sheets (source human); dropped: other source 3; noted: ")
    assert said[-3:] == [str(tmp_path / "out" / f"audit.{end}") for end in ("json", "md", "html")]
    audit = audited(tmp_path)
    rows = {row["name"]: row for row in audit["rows"]}
    assert list(rows)[:2] == ["constant (mean rating)", "length (words)"]
    assert [row["kind"] for row in audit["rows"]] == ["reference"] * 2 + ["signal"] * 4 + ["labels", "scorer"]
    # By hand: the mean of the words of a dialogue's listener turns, against its rating.
    means = corpus_turns().assign(words=lambda table: table.response.str.split().str.len())
    ratings = {one.conv_id: one.rating for one in read_dialogue_ratings(Path(tiny_ratings)) if one.split == "train"}
    words = means[means.conv_id.isin(ratings)].groupby("conv_id").words.mean()
    expected = stats.spearmanr(words, [ratings[conv_id] for conv_id in words.index]).statistic
    found = {name: row["sets"]["dialogues"] for name, row in rows.items()}
    assert found["length.words"]["spearman"]["value"] == pytest.approx(expected)
    assert found["against.words"]["spearman"]["value"] == pytest.approx(-expected)
    assert found["word_scorer:score"]["spearman"]["value"] == pytest.approx(expected)
    assert (found["word_scorer:score"]["fitted"], found["labels (hybrid)"]["fitted"]) == (True, False)
    assert found["flat.one"]["spearman"] is None
    assert found["mute.all"] is None
    assert rows["length.words"]["sets"]["responses"] is None  # one of three responses is a turn of the corpus
    assert rows["word_scorer:score"]["sets"]["responses"]["n"] == 3
    assert audit["sets"]["responses"]["noted"] == {"not_matched_to_corpus": 2}


def test_the_page_shows_texts_only_where_they_are_wanted(config: Path, labels: Path, tmp_path: Path) -> None:
    arguments = ["audit", str(config), "--scorers", "python:word_scorer:score"]
    out = tmp_path / "out"
    assert cli.main(arguments) == 0
    page = (out / "audit.html").read_text()
    assert "&lt;zebra &amp; co&gt;" in page
    assert WORD not in page
    assert "\\<zebra & co>" in (out / "audit.md").read_text()
    assert WORD in (out / "audit.json").read_text()
    assert "<script" not in page
    assert page.count("<svg") == 2  # a correlation plot for each set; five items are too few for a calibration
    for part in ("Ceilings", "Disagreements to read", "What the columns are", "ranks higher than people"):
        assert part in page
    assert cli.main([*arguments, "--texts=false"]) == 0
    assert not [file for file in out.iterdir() if "zebra" in file.read_text()]
    assert "hit:2_conv:4/human" in (out / "audit.html").read_text()


def test_mean_ratings_by_score() -> None:
    scores, ratings = np.arange(40.0)[::-1], np.repeat([4.0, 3.0, 2.0, 1.0], 10)
    ratings[:2] = 5.0
    bins = calibration_bins(scores, ratings)
    assert bins.count == [5] * 8
    assert bins.score == [2, 7, 12, 17, 22, 27, 32, 37]
    assert bins.rating == pytest.approx([1, 1, 2, 2, 3, 3, 4, 4.4])
    assert bins.error[-1] == pytest.approx(stats.sem([5, 5, 4, 4, 4]))
    assert calibration_bins(scores[:4], ratings[:4]).count == []
    assert max(calibration_bins(np.arange(500.0), np.ones(500)).count) == 50


def test_disagreements_are_the_largest_differences_of_rank(config: Path, labels: Path, tmp_path: Path) -> None:
    assert cli.main(["audit", str(config), f"--labels={labels}"]) == 0
    found = next(one for one in audited(tmp_path)["disagreements"] if one["set"] == "dialogues")
    assert found["column"] == "labels (hybrid)"
    for direction, sign in (("above", 1), ("below", -1)):
        gaps = [sign * (one["score_rank"] - one["rating_rank"]) for one in found[direction]]
        assert 0 < len(gaps) <= 2
        assert gaps == sorted(gaps, reverse=True)
        assert gaps[-1] > 0
        assert all(one["text"][-1]["role"] == "listener" for one in found[direction])


def test_runs_get_their_file_and_seeds_their_mean(config: Path, write_config: WriteConfig, tmp_path: Path) -> None:
    assert train.main([str(write_config("baseline")), "--seeds=[17,39]"]) == 0
    runs = sorted((tmp_path / "runs" / "tiny").glob("baseline-*"))
    assert cli.main(["audit", str(config), "--scorers", *map(str, runs)]) == 0
    audit = audited(tmp_path)
    (family,) = audit["over_seeds"]
    assert (family["family"], family["seeds"]) == ("tiny/baseline-lambda0.1", [17, 39])
    each = []
    for run in runs:
        record = json.loads((run / "human_agreement.json").read_text())
        assert record["schema_version"] == 1
        assert list(record["sets"]) == ["dialogues", "responses"]
        assert record["sets"]["dialogues"]["part"] == "split train"
        each.append(record["sets"]["dialogues"]["mae"]["value"])
        # What `empathy report` makes of it.
        assert read_measured(run)["people_mae"].value == each[-1]
    mae = family["sets"]["dialogues"]["mae"]
    assert mae["mean"] == pytest.approx(np.mean(each))
    assert mae["low"] == pytest.approx(np.mean(each) - 12.7062 * np.std(each, ddof=1) / 2**0.5, rel=1e-4)
    before = (runs[0] / "human_agreement.json").read_bytes()
    assert cli.main(["audit", str(config), "--scorers", str(runs[0])]) == 0
    assert (runs[0] / "human_agreement.json").read_bytes() == before


def test_pairs_come_back_as_scores(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = tmp_path / "pairs.csv"
    assert cli.main(["audit", str(config), "--write-pairs", str(pairs)]) == 0
    assert capsys.readouterr().out == f"12 pairs: {pairs}\n"
    assert not (tmp_path / "out").exists()
    with pairs.open(newline="") as handle:
        ids = [row["pair_id"] for row in csv.DictReader(handle)]
    scores = tmp_path / "scores.csv"
    scores.write_text("\n".join(["pair_id,score", *(f"{one},{k}" for k, one in enumerate(ids))]) + "\n")
    assert cli.main(["audit", str(config), f"--scorers=[csv:{scores}]"]) == 0
    assert audited(tmp_path)["rows"][-1]["sets"]["responses"]["n"] == 3
    scores.write_text("\n".join(["pair_id,score", *(f"{one},{k}" for k, one in enumerate(ids[1:]))]) + "\n")
    assert cli.main(["audit", str(config), f"--scorers=[csv:{scores}]"]) == 2
    assert f"lacks, such as {ids[0]}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--dialogues=null", "--responses=null"], "expected at least one file of human ratings, got neither"),
        (["--disagreements=-1"], "disagreements: expected 0 or more items, got -1"),
        (["--scorers", "a", "a"], "scorers: expected each scorer once, got a more than once"),
        (["--scorers", "nowhere"], "scorer 'nowhere': expected a run folder"),
        (["--labels=nowhere"], "nowhere/labels.parquet: expected a parquet file, there is none; give a folder that"),
        (["--response_source=nobody"], "expected ratings of responses with the source 'nobody', came none"),
        (["--split=test", "--exclude_ids=ids.txt"], "expected ratings of dialogues of the split 'test'"),
        (["--colour=blue"], "colour"),
    ],
)
def test_what_a_user_can_get_wrong_is_one_line_and_status_2(
    config: Path, tmp_path: Path, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ids.txt").write_text("hit:5_conv:9\nhit:5_conv:10\n")
    assert cli.main(["audit", str(config), *flags]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("empathy audit: error: ")
    assert message in lines[0]


def test_the_shipped_config_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    settings = parse_settings(AuditSettings, ["configs/audit.yaml"], "empathy audit", "")
    assert (settings.split, settings.response_source, settings.scorers) == ("valid", "human", [])
    written = yaml.safe_load(Path("configs/audit.yaml").read_text())
    assert set(written) == set(vars(settings))


@pytest.mark.skipif(not (REAL / "human_ratings").is_dir(), reason="data/human_ratings is not here")
def test_real_ratings_without_any_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    assert cli.main(["audit", "configs/audit.yaml", f"--output_dir={tmp_path / 'out'}"]) == 0
    audit = audited(tmp_path)
    length = audit["rows"][1]["sets"]
    assert length["dialogues"]["n"] == 864
    assert length["dialogues"]["spearman"]["value"] == pytest.approx(0.2462, abs=1e-4)
    assert length["responses"]["spearman"]["value"] == pytest.approx(-0.0414, abs=1e-4)
    assert audit["across_sets"]["n"] == 295
    assert audit["across_sets"]["spearman"]["value"] == pytest.approx(0.1827, abs=1e-4)
    assert audit["sets"]["dialogues"]["ceiling"]["rated_twice"] is None
    assert audit["sets"]["dialogues"]["ceiling"]["sheets"]["icc"]["value"] == pytest.approx(0.136, abs=1e-3)
