from collections.abc import Callable
from pathlib import Path

import pytest
from scipy import stats

from pipelines.reporting.aggregate import rows_of
from pipelines.reporting.collect import collect
from pipelines.reporting.context_reading import ContextReading, context_headline, context_readings


def by_name(folders: list[Path]) -> dict[str, ContextReading]:
    return {reading.row.name: reading for reading in context_readings(rows_of(collect(folders).groups[0]))}


def test_the_area_its_intervals_and_the_drop_to_the_twin(hybrid_experiments: list[Path]) -> None:
    readings = by_name(hybrid_experiments)
    assert list(readings) == ["baseline", "mvc", "mvc + context-aware", "mvc, response only"]
    mvc = readings["mvc"]
    # .60 .62 .64: mean .62, sd .02; half = 4.302653 * .02 / sqrt(3) = .049683
    assert mvc.area is not None
    assert (mvc.area.mean, mvc.area.sd) == (pytest.approx(0.62), pytest.approx(0.02))
    assert (mvc.area.low, mvc.area.high) == (pytest.approx(0.570317, abs=1e-6), pytest.approx(0.669683, abs=1e-6))
    assert (mvc.over_pairs.low, mvc.over_pairs.high, mvc.over_pairs.n) == (0.58, 0.66, 800)
    # .60 - .50, .62 - .50, .64 - .49
    assert (mvc.twin is not None, mvc.seeds) == (True, [17, 39, 43])
    gains = [0.10, 0.12, 0.15]
    low, high = stats.t.interval(0.95, 2, stats.tmean(gains), stats.sem(gains))
    assert mvc.above_twin is not None
    assert mvc.above_twin.mean == pytest.approx(0.123333, abs=1e-6)
    assert (mvc.above_twin.low, mvc.above_twin.high) == (pytest.approx(low), pytest.approx(high))
    assert mvc.same_emotion is not None
    assert mvc.other_emotion is not None
    assert (mvc.same_emotion.mean, mvc.other_emotion.mean) == (pytest.approx(0.57), pytest.approx(0.67))
    assert mvc.flips is not None
    assert mvc.flips.mean == pytest.approx(0.38)


def test_reading_is_shown_only_where_both_intervals_are_above_chance(hybrid_experiments: list[Path]) -> None:
    shown = {name: reading.is_shown for name, reading in by_name(hybrid_experiments).items()}
    assert shown == {"baseline": False, "mvc": True, "mvc + context-aware": True, "mvc, response only": None}


def test_a_twin_has_no_twin_and_another_augmentation_is_none(hybrid_experiments: list[Path]) -> None:
    readings = by_name(hybrid_experiments)
    assert [name for name, reading in readings.items() if reading.above_twin] == ["mvc"]
    assert [name for name, reading in readings.items() if reading.twin] == ["mvc"]


def test_the_difference_to_the_twin_is_over_common_seeds(hybrid_experiments: list[Path]) -> None:
    (hybrid_experiments[1] / "mvc-lambda0.1-seed17" / "results.json").unlink()
    mvc = by_name(hybrid_experiments)["mvc"]
    assert mvc.seeds == [39, 43]
    assert mvc.above_twin is not None
    assert (mvc.above_twin.mean, mvc.above_twin.n) == (pytest.approx(0.135), 2)


def test_one_seed_shows_nothing(hybrid_experiments: list[Path]) -> None:
    readings = context_readings(rows_of(collect([hybrid_experiments[0] / "mvc-lambda0.1-seed17"]).groups[0]))
    assert readings[0].over_pairs.low == 0.58
    assert readings[0].is_shown is False
    assert context_headline(readings) == (
        "Context-swap area: mvc, λ 0.1 comes first with 0.60 on one seed; "
        "that it reads the context (more than 0.5) is not shown."
    )


def test_the_headline_names_who_reads_where_the_first_is_not_shown_to(hybrid_experiments: list[Path]) -> None:
    for seed in (39, 43):
        (hybrid_experiments[-1] / f"mvc-lambda0.1-seed{seed}" / "results.json").unlink()
    readings = by_name(hybrid_experiments)
    assert context_headline(list(readings.values())) == (
        "Context-swap area: mvc + context-aware, λ 0.1 comes first with 0.84 on one seed; "
        "that it reads the context (more than 0.5) is not shown (it is for mvc, λ 0.1)."
    )


def test_the_headline_names_the_best_main_row(hybrid_experiments: list[Path]) -> None:
    readings = by_name(hybrid_experiments)
    assert context_headline(list(readings.values())) == (
        "Context-swap area: mvc + context-aware, λ 0.1 comes first with 0.87 [0.78, 0.96] over 3 seeds; "
        "it reads the context."
    )
    assert "0.62 [0.57, 0.67] over 3 seeds, +0.12 against its response-only twin" in str(
        context_headline([readings["mvc"]])
    )
    assert context_headline([readings["mvc, response only"]]) is None


def test_without_probes_there_is_nothing_to_read(three_families: Path) -> None:
    assert context_readings(rows_of(collect([three_families]).groups[0])) == []


def test_a_seed_without_probes_leaves_its_row_out(hybrid_experiments: list[Path]) -> None:
    (hybrid_experiments[0] / "mvc-lambda0.1-seed17" / "probes.json").unlink()
    assert "mvc" not in by_name(hybrid_experiments)


def test_a_twin_of_the_same_experiment_is_preferred(
    hybrid_experiments: list[Path], write_run: Callable[..., Path], write_probes: Callable[..., Path]
) -> None:
    import pandas as pd

    frame = pd.read_parquet(hybrid_experiments[0] / "mvc-lambda0.1-seed17" / "predictions" / "test.parquet")
    other = hybrid_experiments[0].parent / "twins-again"
    folder = write_run(other, "mvc", 0.1, 17, frame, experiment="hybrid", seen="response")
    write_probes(folder, 0.4, 0.1)
    mvc = by_name([*hybrid_experiments, other])["mvc"]
    assert (mvc.seeds, mvc.above_twin and mvc.above_twin.mean) == ([17], pytest.approx(0.2))
