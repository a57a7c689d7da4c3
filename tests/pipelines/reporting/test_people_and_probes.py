import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UserError
from pipelines.reporting.people_and_probes import MEASURED_FIGURES, Measured, read_measured


def edited(path: Path, *keys: str, value: Any) -> None:
    content = place = json.loads(path.read_text())
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    path.write_text(json.dumps(content))


def test_figures_come_with_their_interval_and_size(
    tmp_path: Path, write_agreement: Callable[..., Path], write_probes: Callable[..., Path]
) -> None:
    write_agreement(tmp_path, 0.4, within=None, mae=0.85, responses=0.25)
    write_probes(tmp_path, 0.86, flipped=0.08)
    found = read_measured(tmp_path)
    assert list(found) == [figure.key for figure in MEASURED_FIGURES]
    assert found["people_spearman"] == Measured(0.4, 0.3, 0.5, 120)
    assert found["people_spearman_within_rater"] == Measured(None, None, None, None)
    assert found["people_mae"] == Measured(0.85, 0.8, 0.9, 120)
    assert found["people_spearman_responses"] == Measured(0.25, 0.19, 0.31, 300)
    assert found["insertion_flips"] == Measured(0.08, 0.05, 0.11, 500)
    assert found["context_swap"] == Measured(0.86, 0.84, 0.88, 800)
    assert found["context_swap_same_emotion"] == Measured(0.81, 0.78, 0.84, 400)
    assert found["context_swap_other_emotion"] == Measured(0.91, 0.88, 0.94, 400)


def test_files_and_sets_that_are_absent_have_no_figures(tmp_path: Path, write_agreement: Callable[..., Path]) -> None:
    assert read_measured(tmp_path) == {}
    path = write_agreement(tmp_path, 0.4)
    sets = json.loads(path.read_text())["sets"]
    edited(path, "sets", value={"responses": sets["responses"]})
    assert list(read_measured(tmp_path)) == ["people_spearman_responses"]


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (["schema_version"], 2, "schema version 2, this version of empathy reads 1; .* or run `empathy probe` on this"),
        (
            ["context_swap", "area"],
            0.8,
            r"expected context_swap.area to hold the numbers value, low and high, found 0.8",
        ),
        (["insertion"], {}, "expected insertion.flipped to hold .* found 'nothing'; run `empathy probe`"),
        (["context_swap", "area"], {"value": 0.8}, "expected context_swap.area to hold"),
        (["insertion", "flipped", "low"], float("nan"), "expected insertion.flipped to hold the numbers"),
    ],
)
def test_a_broken_file_is_named(
    tmp_path: Path, write_probes: Callable[..., Path], keys: list[str], value: Any, message: str
) -> None:
    edited(write_probes(tmp_path, 0.86, 0.08), *keys, value=value)
    with pytest.raises(UserError, match=rf"probes\.json: {message}"):
        read_measured(tmp_path)


def test_what_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "human_agreement.json").write_text("{")
    with pytest.raises(
        UserError, match=r"human_agreement\.json: is not valid JSON .*; run `empathy audit` on this run"
    ):
        read_measured(tmp_path)
