"""Settings of `empathy audit`."""

from dataclasses import dataclass, field
from typing import Literal

from pipelines.errors import UserError


@dataclass
class AuditSettings:
    """What is compared with people, and with which ratings.

    Args:
        path: EmpatheticDialogues (a folder of the official CSVs, their archive, or hub).
        dialogues: CSV of human ratings of whole dialogues, 1 to 5 (conv_id, rating, batch, split); none to leave out.
        responses: CSV of human ratings of single responses, 1 to 3; none to leave out.
        labels: folder that `empathy label` wrote: its labels and every signal are audited; none for scorers alone.
        scorers: run folders, python:<module>:<callable>, csv:<file>, or another registered kind.
        exclude_ids: file of ids of EmpatheticDialogues that are left out of the corpus and of the ratings;
            auto for data/reserved_ids.json, where there is one.
        split: the dialogues' split to compare on; one that took no part in fitting or choosing.
        response_source: whose responses to compare on, as the file of responses names it.
        disagreements: items to list in each direction.
        texts: whether the page holds the texts of those items; without them a report can be shared.
        output_dir: folder for audit.json, audit.md and audit.html.
    """

    path: str
    dialogues: str | None = None
    responses: str | None = None
    labels: str | None = None
    scorers: list[str] = field(default_factory=list)
    exclude_ids: str | None = None
    split: Literal["train", "valid", "test"] = "valid"
    response_source: str = "human"
    disagreements: int = 15
    texts: bool = True
    output_dir: str = "reports/audit"

    def __post_init__(self) -> None:
        if self.dialogues is None and self.responses is None:
            raise UserError("dialogues and responses: expected at least one file of human ratings, got neither")
        if self.disagreements < 0:
            raise UserError(f"disagreements: expected 0 or more items, got {self.disagreements}")
        twice = sorted({spec for spec in self.scorers if self.scorers.count(spec) > 1})
        if twice:
            raise UserError(f"scorers: expected each scorer once, got {', '.join(twice)} more than once")
