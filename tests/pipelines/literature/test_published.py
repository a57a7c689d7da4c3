"""Published tables: every one is read, and names experiments and metrics that exist."""

import pytest
import yaml

from pipelines.errors import UserError
from pipelines.literature.published import TABLES, PublishedRow, PublishedTable, read_table, table_names
from pipelines.literature.reproduced import reproduce
from pipelines.training.run_folder import RunFolder


def test_the_tables_come_in_the_order_of_their_numbers() -> None:
    numbers = sorted(int(path.stem.partition("-")[0]) for path in TABLES.glob("*.yaml"))
    assert numbers == list(range(1, len(numbers) + 1))
    assert table_names()[:3] == ["text_pairs", "text_pairs_regression", "epitome"]
    assert table_names()[-2:] == ["context", "context_systems"]


@pytest.mark.parametrize("name", table_names())
def test_every_table_fits_its_experiments(name: str) -> None:
    table = read_table(name)
    rows = reproduce(table, "no-runs-here")
    assert [row.row.name for row in rows] == [row.name for row in table.rows]
    runs = {(RunFolder(row.settings, 17).path, row.row.phrase) for row in rows}
    assert len(runs) == len(rows), "two rows share their runs"
    for row in rows:
        assert row.results == []
        assert row.missing == row.settings.seeds
        assert len(row.settings.seeds) >= 3
        for column, metric in table.columns.items():
            assert row.direction(metric) in ("max", "min")
            assert row.falls_short(column, metric) is None


@pytest.mark.parametrize("name", table_names())
def test_published_figures_are_shares(name: str) -> None:
    for row in read_table(name).rows:
        assert all(0 < figure < 1 for figure in row.published.values()), row.name


def test_a_column_that_the_table_does_not_have() -> None:
    row = PublishedRow("BERT", {"accuracy": 0.5})
    with pytest.raises(UserError, match=r"rows: expected columns among F1, BERT has 'accuracy'"):
        PublishedTable("t", "us", "e.yaml", {"F1": "macro_f1"}, [row])


def test_a_table_that_there_is_none_of() -> None:
    with pytest.raises(UserError, match=r"table: expected all or one of text_pairs, .*, got 'table_2'"):
        read_table("table_2")


def test_no_key_is_read_by_nothing() -> None:
    known = set(PublishedTable.__dataclass_fields__)
    for path in TABLES.glob("*.yaml"):
        assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) <= known
