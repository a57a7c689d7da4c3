"""Write which emotions answer which, and what each selection keeps, as conversations.md and a self-contained page."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.atomic import write_text
from pipelines.command import run_command
from pipelines.conversations.cleaning import FAULTS
from pipelines.conversations.emotion_pairs import pair_table
from pipelines.conversations.plot import pair_plot
from pipelines.conversations.selection import Selection
from pipelines.conversations.training_dialogues import SELECTIONS, TrainingDialogues
from pipelines.data.empatheticdialogues import NAME, read_empatheticdialogues
from pipelines.data.exclude import read_exclude_ids
from pipelines.reporting.markup import markdown_table
from pipelines.reporting.page import render_page
from pipelines.reporting.plots import Figure
from pipelines.reporting.tables import Cell, Table

PROG = "python -m pipelines.conversations.page"
TITLE = "Emotions of conversations"
SHOWN = 40  # most frequent pairs
MEANINGS = {
    "as_is": "all dialogues of the training split",
    "cleaned": "those without a fault",
    "pairs_87": "of the cleaned ones, those whose every exchange is a frequent pair of emotions; about 87 %",
    "pairs_57": "the same, about 57 %",
    "pairs_43": "the same, about 43 %",
    "random_43": "of the cleaned ones as many as pairs_43, drawn at random",
}


@dataclass(frozen=True)
class Page:
    """What the page shows.

    counts: in words. pairs, selections, faults: tables. picture: of the pairs. command: that makes the page again.
    """

    counts: str
    pairs: Table
    selections: Table
    faults: Table
    picture: Figure
    command: str


def conversations_page(labels: Path, path: str, out: Path, exclude_ids: Path | None = None) -> list[Path]:
    """Write conversations.md and conversations.html, counts and no text of the corpus, and return their paths.

    Args:
        labels: a labels folder of empathy label, whose GoEmotions rater tags the utterances.
        path: folder or archive of EmpatheticDialogues, or hub.
        out: folder to write into.
        exclude_ids: file of ids that are left out of every split.

    Raises:
        UserError: the corpus, the labels folder or the file of ids cannot be read.
    """
    excluded = read_exclude_ids(None if exclude_ids is None else str(exclude_ids), NAME)
    corpus = read_empatheticdialogues(path, excluded, strict=False)
    dialogues = TrainingDialogues(corpus.examples["train"]["conv_id"], path, labels)
    options = {"labels": labels, "path": path, "out": out, "exclude_ids": exclude_ids}
    given = [f"--{name}={value}" for name, value in options.items() if value is not None]
    page = _page(dialogues, shlex.join([*PROG.split(), *given]))
    paths = [out / "conversations.md", out / "conversations.html"]
    write_text(paths[0], _markdown(page))
    write_text(paths[1], _html(page))
    return paths


def _page(dialogues: TrainingDialogues, command: str) -> Page:
    found = pair_table(dialogues.exchanges)
    counts = (
        f"{len(dialogues.conv_ids):,} training dialogues, of which {len(dialogues.cleaned):,} have no fault; in these "
        f"{len(dialogues.exchanges):,} exchanges of a speaker and a listener show {len(found):,} different pairs of "
        "emotions. An utterance's emotion is the likeliest of GoEmotions' 28 labels, as a classifier tells it: "
        "nobody has checked it."
    )
    return Page(
        counts,
        _pairs(found),
        _selections({name: dialogues.choose(name) for name in SELECTIONS}),
        _faults(dialogues.faults),
        pair_plot(found, "pairs"),
        command,
    )


def _pairs(found: pd.DataFrame) -> Table:
    rows = [
        [
            Cell(pair["speaker_emotion"]),
            Cell(pair["listener_emotion"]),
            Cell(f"{pair['count']:,}"),
            Cell(f"{pair['share']:.1%}"),
            Cell(f"{pair['lift']:.2f}"),
        ]
        for pair in found.head(SHOWN).to_dict("records")
    ]
    notes = ["Lift: how many times as often as if the listener's emotion did not depend on the speaker's."]
    head = ["speaker", "listener", "exchanges", "share", "lift"]
    caption = f"The {len(rows)} most frequent pairs of {len(found)}"
    return Table("pairs", caption, head, rows, frozenset({0, 1}), notes=notes)


def _selections(chosen: dict[str, Selection]) -> Table:
    rows = [
        [
            Cell(name),
            Cell(MEANINGS[name]),
            Cell(f"{len(one.conv_ids):,}"),
            Cell(f"{one.share:.1%}"),
            Cell("" if one.threshold is None else f"{one.threshold:,}"),
        ]
        for name, one in chosen.items()
    ]
    notes = [
        "Share: of all training dialogues for as_is and cleaned, of the cleaned ones for the others. Threshold: a pair "
        "is frequent if it occurs in at least so many exchanges; the one that comes closest to the wanted share."
    ]
    head = ["selection", "dialogues that are kept", "dialogues", "share", "threshold"]
    return Table("selections", "What each selection keeps", head, rows, frozenset({0, 1}), notes=notes)


def _faults(found: pd.DataFrame) -> Table:
    counts = found["fault"].value_counts()
    rows = [[Cell(name), Cell(meaning), Cell(f"{counts.get(name, 0):,}")] for name, meaning in FAULTS.items()]
    notes = ["A dialogue may have several."]
    return Table("faults", "Faults", ["fault", "meaning", "dialogues"], rows, frozenset({0, 1}), notes=notes)


def _markdown(page: Page) -> str:
    parts = [f"# {TITLE}", page.counts]
    for table in (page.selections, page.pairs, page.faults):
        parts += [f"## {table.caption}", markdown_table(table)]
    parts += ["## To make it again", f"```sh\n{page.command}\n```"]
    return "\n\n".join(parts) + "\n"


def _html(page: Page) -> str:
    return render_page("conversations", title=TITLE, page=page)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    parser = argparse.ArgumentParser(prog=PROG, description=__doc__, allow_abbrev=False)
    parser.add_argument("--labels", type=Path, required=True, help="a labels folder of empathy label")
    parser.add_argument("--path", required=True, help="folder or archive of EmpatheticDialogues, or hub")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--exclude_ids", type=Path, help="file of ids that are left out of every split")
    print("\n".join(map(str, conversations_page(**vars(parser.parse_args(argv))))))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
