import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipelines import train
from pipelines.data.empatheticdialogues import read_empatheticdialogues
from pipelines.errors import UserError
from pipelines.evaluation.scorers import SCORER_KINDS, load_scorer, run_folder
from pipelines.probes.pairs import one_turn, pair_row
from tests.conftest import WriteConfig

ROWS = [pair_row(one_turn("I lost my cat."), "Oh no."), pair_row(one_turn("I won."), "How nice for you.")]
SCORING = "tests.pipelines.probes.scoring"


def _trained(write_config: WriteConfig, tmp_path: Path, family: str, **changes: object) -> Path:
    assert train.main([str(write_config(family, **changes))]) == 0
    return tmp_path / "runs" / "tiny" / f"{family}-lambda0.1-seed17"


@pytest.mark.parametrize("family", ["baseline", "mvc"])
def test_a_run_scores_what_its_predictions_say(
    write_config: WriteConfig, tmp_path: Path, tiny_corpus: str, family: str
) -> None:
    folder = _trained(write_config, tmp_path, family)
    scorer = load_scorer(str(folder))
    assert scorer.name == f"tiny/{folder.name}"
    rows = [
        row | {"emotion": None} for row in read_empatheticdialogues(tiny_corpus, frozenset(), False).examples["test"]
    ]
    there = pd.read_parquet(folder / "predictions" / "test.parquet").set_index("example_id")["empathy_pred"]
    expected = [there[row["example_id"]] for row in rows]
    assert len(rows) == 3
    np.testing.assert_allclose(scorer.score(rows), expected, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(scorer.score(rows[::-1]), scorer.score(rows)[::-1])


def test_a_run_of_low_precision_scores_in_it(write_config: WriteConfig, tmp_path: Path, tiny_corpus: str) -> None:
    folder = _trained(write_config, tmp_path, "baseline", precision="bf16")
    rows = list(read_empatheticdialogues(tiny_corpus, frozenset(), False).examples["test"])
    low = load_scorer(str(folder)).score(rows)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    (folder / "config.yaml").write_text(yaml.safe_dump(config | {"precision": "fp32"}))
    full = load_scorer(str(folder)).score(rows)
    assert not np.array_equal(low, full)
    np.testing.assert_allclose(low, full, rtol=0, atol=0.05)
    (folder / "config.yaml").write_text("{}")
    with pytest.raises(UserError, match=r"config\.yaml: expected the run's configuration with its precision"):
        load_scorer(str(folder))


def test_a_run_that_is_shown_the_response_alone_cannot_tell_contexts_apart(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    """Not by a rounding error either: a score depends a little on the batch that a row falls into."""
    assert train.main([str(write_config("baseline")), "--data.seen=response"]) == 0
    (folder,) = (path.parent for path in (tmp_path / "runs").glob("**/results.json"))
    scorer = load_scorer(str(folder))
    short = scorer.score([pair_row(one_turn("Hm."), "Oh no.")])
    long = [pair_row(one_turn("I lost my cat. " * 5), text) for text in ("Oh no.", "How did you lose it? " * 3)]
    scores = scorer.score(long)
    assert scores[0] == short[0] != scores[1]


def test_a_run_that_reads_situations_refuses_pairs_without_one(write_config: WriteConfig, tmp_path: Path) -> None:
    folder = _trained(write_config, tmp_path, "baseline")
    config = json.loads((folder / "model" / "config.json").read_text())
    (folder / "model" / "config.json").write_text(json.dumps(config | {"context_view": "situation"}))
    message = f"expected a situation in every row, .*; {ROWS[0]['example_id']} has none"
    with pytest.raises(UserError, match=message):
        load_scorer(str(folder)).score(ROWS)


def test_what_is_no_finished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected the folder of a finished run, with results\.json and model/"):
        load_scorer(str(tmp_path))
    (tmp_path / "model").mkdir()
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(UserError, match=r"results\.json: expected the results of a run, it cannot be read"):
        load_scorer(str(tmp_path))
    results = {"experiment": "e", "family": "mvc", "lambda_emo": 0.1, "seed": 1, "stages": ["emotion"]}
    (tmp_path / "results.json").write_text(json.dumps(results | {"metrics": {"valid": {"emotion": {}}}}))
    with pytest.raises(UserError, match="expected a run that was trained on a score, this one has none"):
        load_scorer(str(tmp_path))


def test_an_unknown_scorer_lists_the_kinds() -> None:
    with pytest.raises(UserError, match=r"scorer 'nowhere:x': expected a run folder .* or one of python:\.\.\., csv:"):
        load_scorer("nowhere:x")
    assert {"python", "csv"} <= set(SCORER_KINDS)
    assert run_folder("python:a:b") is None


def test_a_callable_is_given_turns_and_responses() -> None:
    scorer = load_scorer(f"python:{SCORING}:length")
    assert scorer.name == f"{SCORING}:length"
    np.testing.assert_array_equal(scorer.score(ROWS), [2.0, 4.0])
    np.testing.assert_array_equal(load_scorer(f"python:{SCORING}:context_length").score(ROWS), [14.0, 6.0])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("python:only_a_module", "expected python:<module>:<callable>"),
        ("python:no_such_module:score", "expected a module that can be imported .*no_such_module"),
        (f"python:{SCORING}:nothing", "a callable 'nothing'"),
        (f"python:{SCORING}:NOT_CALLABLE", "expected a callable, 'NOT_CALLABLE' is a float"),
    ],
)
def test_a_wrong_callable_says_what_is_wrong(spec: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_scorer(spec)


def test_a_callable_that_gives_nan_or_too_few_is_refused() -> None:
    with pytest.raises(UserError, match=f"expected finite scores, got nan for pair {ROWS[1]['example_id']} and 1 of 2"):
        load_scorer(f"python:{SCORING}:not_a_number").score(ROWS)
    with pytest.raises(UserError, match=r"expected 2 scores, one a pair, got an array of shape \(1,\)"):
        load_scorer(f"python:{SCORING}:too_few").score(ROWS)
    with pytest.raises(UserError, match="expected a sequence of floats, got list"):
        load_scorer(f"python:{SCORING}:words").score(ROWS)


def test_a_csv_scores_by_pair_id(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    first, second = (row["example_id"] for row in ROWS)
    path.write_text(f"pair_id,note,score\n{second},b,2.5\n{first},a,-1e-1\nunused,c,9\n")
    scorer = load_scorer(f"csv:{path}")
    np.testing.assert_array_equal(scorer.score(ROWS), [-0.1, 2.5])
    missing = pair_row(one_turn("Who?"), "Me.")
    message = (
        f"expected a score for each of the 1 pairs that it lacks, such as {missing['example_id']}; write the pairs"
    )
    with pytest.raises(UserError, match=message):
        scorer.score([*ROWS, missing])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("pair_id,value\na,1\n", "expected the columns pair_id and score, got pair_id, value"),
        ("pair_id,score\na,1\nb,high\n", r"scores\.csv:3: expected a finite number as score, got 'high'"),
        ("pair_id,score\na,nan\n", r"scores\.csv:2: expected a finite number as score, got 'nan'"),
        ("pair_id,score\n", "expected rows of pair_id and score, got none"),
        (None, "expected a CSV with the columns pair_id and score: .*No such file"),
    ],
)
def test_a_wrong_csv_says_what_is_wrong(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "scores.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=message):
        load_scorer(f"csv:{path}")
