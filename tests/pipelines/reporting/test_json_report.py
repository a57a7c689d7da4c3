import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipelines.reporting.collect import collect
from pipelines.reporting.json_report import FIELDS, report_json
from pipelines.reporting.study import study


def report(*folders: Path) -> dict[str, Any]:
    """The JSON report as read from its file, which takes no NaN; the other formats draw figures and are left out."""
    return json.loads(json.dumps(report_json(study(collect(folders), "empathy report")), allow_nan=False))


def test_figures_are_those_worked_out_by_hand(
    tmp_path: Path, write_run: Callable[..., Path], write_references: Callable[..., Path], perfect: pd.DataFrame
) -> None:
    # Every score is off by the same amount, so a seed's MAE is that amount and its MSE the square.
    offsets = {17: 0.25, 39: 0.5, 43: 1.0}
    for seed, offset in offsets.items():
        frame = perfect.assign(empathy_pred=(perfect["empathy_true"] + offset).astype(np.float32))
        write_run(tmp_path / "e", "mvc", 0.1, seed, frame)
    write_references(tmp_path / "e", perfect)
    group = report(tmp_path / "e")["groups"][0]
    row = group["rows"][0]
    mae = row["metrics"]["mae"]
    # mean .58333; squared deviations .11111 + .00694 + .17361 = .29167; sd = sqrt(.29167 / 2) = .38188
    assert mae["values"] == pytest.approx([0.25, 0.5, 1.0])
    assert (mae["mean"], mae["sd"], mae["n"]) == (
        pytest.approx(0.583333, abs=1e-6),
        pytest.approx(0.381881, abs=1e-6),
        3,
    )
    # t of 97.5 % with 2 degrees of freedom is 4.302653: half = 4.302653 * .381881 / sqrt(3) = .948647
    assert stats.t.ppf(0.975, 2) == pytest.approx(4.302653, abs=1e-6)
    assert (mae["low"], mae["high"]) == (pytest.approx(-0.365314, abs=1e-5), pytest.approx(1.531980, abs=1e-5))
    assert row["metrics"]["mse"]["mean"] == pytest.approx((0.0625 + 0.25 + 1) / 3)
    assert row["metrics"]["spearman"]["mean"] == pytest.approx(1)
    assert row["metrics"]["accuracy"]["mean"] == 1
    assert row["confusion"][4][4] == 1
    assert (row["parameters"], row["latency_ms"], row["seeds"]) == (22_700_000, 5.5, [17, 39, 43])
    assert row["collapsed"] == [False, False, False]
    assert row["signature"].startswith("family:mvc|lambda:0.1|seed:17,39,43|")
    predicted = np.array(row["score_reliability"]["predicted"])
    assert sum(row["score_reliability"]["count"]) == 3 * len(perfect)
    assert predicted.mean() - np.mean(row["score_reliability"]["observed"]) == pytest.approx(0.583333, abs=0.01)
    constant = float(np.abs(perfect["empathy_true"] - 3).mean())
    assert group["references"]["constant"]["mae"] == pytest.approx(constant)
    assert group["references"]["constant"]["spearman"] is None
    assert group["counts"]["dropped"]["train"]["rows_malformed"] == 4


def test_one_seed_has_no_interval(tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame) -> None:
    write_run(tmp_path / "e", "mvc", 0.1, 17, perfect)
    mae = report(tmp_path / "e")["groups"][0]["rows"][0]["metrics"]["mae"]
    assert (mae["n"], mae["mean"], mae["sd"], mae["low"], mae["high"]) == (1, 0, None, None, None)


def paths(value: Any, path: str = "") -> Iterator[str]:
    """The path of every leaf, with [] for an item of a list."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from paths(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for item in value:
            yield from paths(item, path + "[]")
    else:
        yield path


def test_people_probes_and_context_are_in_it(hybrid_experiments: list[Path]) -> None:
    group = report(*hybrid_experiments)["groups"][0]
    rows = {row["name"]: row for row in group["rows"]}
    augmented = rows["mvc + context-aware"]
    assert (augmented["augmentation"], augmented["seen"]) == ("context-aware", "both")
    assert (rows["mvc, response only"]["augmentation"], rows["mvc, response only"]["seen"]) == ("none", "response")
    assert augmented["made_up"] == {"phrase_inserted": 320, "context_swapped": 1600}
    assert rows["mvc"]["made_up"] == {}
    assert group["counts"]["train"] == {"dialogues": 400, "examples": 1600}
    area = augmented["metrics"]["context_swap"]
    assert area["values"] == [0.84, 0.86, 0.91]
    assert area["mean"] == pytest.approx(0.87)
    # deviations -.03 -.01 .04: sd = sqrt(.0026 / 2)
    assert area["sd"] == pytest.approx(0.0360555, abs=1e-6)
    assert area["over_examples"][0] == {"low": 0.82, "high": 0.86, "n": 800}
    assert rows["mvc"]["metrics"]["people_spearman"]["over_examples"][1] == {"low": 0.21, "high": 0.41, "n": 120}
    assert "over_examples" not in augmented["metrics"]["mae"]
    assert group["context"]["chance"] == 0.5
    reading = {one["row"]: one for one in group["context"]["rows"]}["mvc, λ 0.1"]
    assert reading["twin"] == "mvc, response only, λ 0.1"
    assert reading["seeds"] == [17, 39, 43]
    assert reading["above_twin"]["mean"] == pytest.approx(0.123333, abs=1e-6)
    assert reading["over_pairs"] == {"low": 0.58, "high": 0.66, "n": 800}
    assert reading["reads_context"] is True


def test_every_field_is_explained_and_every_explanation_is_of_a_field(
    three_families: Path, hybrid_experiments: list[Path]
) -> None:
    (three_families / "mvc-lambda0.5-seed17").mkdir()
    (three_families / "mvc-lambda0.5-seed17" / "config.yaml").write_text("family: mvc\n")
    content = report(three_families, *hybrid_experiments)
    assert content["schema_version"] == 1
    assert content["fields"] == FIELDS
    del content["fields"]
    found = set(paths(content))
    patterns = {re.compile(re.sub(r"<\w+>", r"[^.\\[\\]]+", re.escape(field)) + "$"): field for field in FIELDS}
    for path in found:
        # An absent object is a null at its own path.
        explained = [f for p, f in patterns.items() if p.match(path) or f.startswith((path + ".", path + "["))]
        assert explained, path
    unused = {field for p, field in patterns.items() if not any(p.match(path) for path in found)}
    assert unused == {"fields.<path>"}
