"""Published tables as data: one YAML a table in tables/."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from pipelines.errors import UserError
from pipelines.training.parsing import settings_of

TABLES = Path(__file__).parent / "tables"
PROBES = "probes/"  # what a column starts with whose figure is in probes.json
Override = str | int | float | bool | None


@dataclass
class PublishedRow:
    """One published system and the run that is to reproduce it.

    Args:
        name: as a table shows it.
        published: the published figures by column, as shares; a column that the source leaves out is absent.
        overrides: flags on top of the config, as `key: value` with dotted keys.
        experiment: another one than the table's.
        phrase: what {phrase} stands for in the table's columns.
        tried: where ours falls short, what was tried to find out why.
    """

    name: str
    published: dict[str, float] = field(default_factory=dict)
    overrides: dict[str, Override] = field(default_factory=dict)
    experiment: str | None = None
    phrase: str = ""
    tried: str = ""


@dataclass
class PublishedTable:
    """One published table.

    Args:
        title: what it is about.
        ours: our encoder, data and splits.
        experiment: the YAML that its rows run, from the repository's root.
        columns: published column -> our metric of the test split, or probes/... a share in the run's probes.json.
        rows: the systems.
        source: where it was published; empty where no figure of the table is.
        theirs: their encoder, data and splits; empty where no figure of the table is published.
        percent: figures are shown times 100.
        notes: what a reader has to know.
    """

    title: str
    ours: str
    experiment: str
    columns: dict[str, str]
    rows: list[PublishedRow]
    source: str = ""
    theirs: str = ""
    percent: bool = True
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for row in self.rows:
            odd = [column for column in row.published if column not in self.columns]
            if odd:
                raise UserError(f"rows: expected columns among {', '.join(self.columns)}, {row.name} has {odd[0]!r}")

    @property
    def probed(self) -> bool:
        """Whether its figures are of probes of the runs."""
        return any(metric.startswith(PROBES) for metric in self.columns.values())


def table_names() -> list[str]:
    """The tables that can be reproduced, in order of their files' numbers."""
    numbered = (path.stem.partition("-") for path in TABLES.glob("*.yaml"))
    return [name for _, name in sorted((int(number), name) for number, _, name in numbered)]


def read_table(name: str) -> PublishedTable:
    """A published table. Raises UserError for a name that there is none of."""
    found = {path.stem.partition("-")[2]: path for path in TABLES.glob("*.yaml")}
    if name not in found:
        raise UserError(f"table: expected all or one of {', '.join(table_names())}, got {name!r}")
    values = yaml.safe_load(found[name].read_text(encoding="utf-8"))
    return settings_of(PublishedTable, values, found[name].name)
