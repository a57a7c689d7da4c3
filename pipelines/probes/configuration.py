"""Settings of `empathy probe`."""

from dataclasses import dataclass, field
from typing import Literal

from pipelines.errors import UserError


@dataclass
class ProbeSettings:
    """What is probed, and on what.

    Args:
        path: EmpatheticDialogues (a folder of the official CSVs, their archive, or hub); `split` of it gives the real
            listener turns.
        corpora: CSVs with the columns context and response, exchanges that call for no empathy; named by their file.
        scorers: run folders, python:<module>:<callable>, csv:<file>, or another registered kind.
        exclude_ids: file of ids of EmpatheticDialogues that are left out; auto as for data.exclude_ids.
        split: valid to report; train, with what a model trained on in `exclude_ids`, to choose its settings; or test.
        max_turns: real listener turns at most, in whole dialogues chosen by a hash of their ids.
        output_dir: folder for probes.json, probes.md and probes.html.
    """

    path: str
    corpora: list[str]
    scorers: list[str] = field(default_factory=list)
    exclude_ids: str | None = None
    split: Literal["train", "valid", "test"] = "valid"
    max_turns: int = 1000
    output_dir: str = "reports/probes"

    def __post_init__(self) -> None:
        if not self.corpora:
            raise UserError("corpora: expected at least one CSV with the columns context and response, got none")
        if self.max_turns < 8:
            raise UserError(f"max_turns: expected at least 8 listener turns, got {self.max_turns}")
        twice = sorted({spec for spec in self.scorers if self.scorers.count(spec) > 1})
        if twice:
            raise UserError(f"scorers: expected each scorer once, got {', '.join(twice)} more than once")
