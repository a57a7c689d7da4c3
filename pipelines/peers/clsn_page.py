"""A page on what the second task does to the direction of empathy: two runs of the peer clsn, with it and without.

Make one with `python -m pipelines.peers.clsn_page WITH_INTENT WITHOUT OUT.html`.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score

from modeling.encoder import load_tokenizer
from pipelines.atomic import write_text
from pipelines.command import run_command
from pipelines.data.empathetic_intents import INTENTS
from pipelines.errors import UserError
from pipelines.evaluation.label_cooccurrence import label_cooccurrence
from pipelines.peers.clsn import SINGLE_TASK, Settings, class_names, network_of
from pipelines.peers.clsn import Cell as ClsnCell
from pipelines.peers.word_contributions import word_contributions
from pipelines.reporting.page import render_page
from pipelines.reporting.plots import Figure
from pipelines.reporting.svg import panel, series_color
from pipelines.reporting.tables import NONE, Cell, Table
from pipelines.training.parsing import settings_of

PROG = "python -m pipelines.peers.clsn_page"
SEED = 17  # of t-SNE
PERPLEXITY = 30.0
MARKERS = "osD"
EXPLAINED = 150  # sentences a direction whose words are looked at: each costs about a second of a CPU core
MIN_SENTENCES = 10  # of these that hold a word, for its mean to be shown
WORDS = 12  # a direction
RUNS = ("with the intent", "without it")


@dataclass(frozen=True)
class _Run:
    """A finished run: its folder, settings, results, fingerprint of its corpus, and predictions of the test split."""

    folder: Path
    settings: Settings
    results: dict[str, Any]
    fingerprint: str
    predictions: pd.DataFrame

    @property
    def directions(self) -> np.ndarray:
        """Classes of the test sentences (sentences,)."""
        return self.predictions["direction"].to_numpy()

    @property
    def vectors(self) -> np.ndarray:
        """What the direction's classifier reads of each test sentence (sentences, hidden)."""
        return np.stack([np.asarray(one) for one in self.predictions["pooled"]])


def clsn_page(with_intent: Path, without: Path, out: Path) -> None:
    """Write one self-contained page on the test split of two run folders; it holds single words, no sentence.

    It shows which intents go with which direction, the direction's vectors of both runs in two dimensions (t-SNE; van
    der Maaten & Hinton 2008), and which words speak for a direction in each run.

    Raises UserError where one of them is no finished run of the peer clsn, `without` is not of the system single_task
    or `with_intent` is, they are of other sentences, settings or seeds, or the corpus is not what they read.
    """
    runs = (_finished_run(with_intent), _finished_run(without))
    _check(*runs)
    sentences = _test_sentences(runs[0])
    first = runs[0]
    names = class_names(first.settings.data.setting)
    cooccurrence = _cooccurrence_table(first.predictions, names)
    page = render_page(
        "clsn",
        runs=[(title, run.results) for title, run in zip(RUNS, runs, strict=True)],
        setting=first.settings.data.setting,
        figures_table=_figures_table(runs),
        cooccurrence=cooccurrence,
        vectors=[_vector_plot(run, names, title) for title, run in zip(RUNS, runs, strict=True)],
        vector_note=_vector_note(runs),
        words=_word_table(runs, sentences, names),
        command=shlex.join([*PROG.split(), str(with_intent), str(without), str(out)]),
    )
    write_text(out, page)


def _finished_run(folder: Path) -> _Run:
    if not (folder / "results.json").is_file():
        raise UserError(f"{folder}: expected a finished run, with its results.json; train it: empathy train")
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    if results.get("peer") != "clsn":
        raise UserError(f"{folder}: expected a run of the peer clsn, got one of {results.get('peer', 'a family')}")
    values = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    known = {one.name for one in fields(Settings)}
    chosen = {key: value for key, value in values.items() if key in known} | {"seeds": [values["seed"]]}
    return _Run(
        folder,
        settings_of(Settings, chosen, str(folder / "config.yaml")),
        results,
        values["data_fingerprint"],
        pd.read_parquet(folder / "predictions" / "test.parquet"),
    )


def _check(with_intent: _Run, without: _Run) -> None:
    if with_intent.settings.model.system == SINGLE_TASK:
        raise UserError(f"{with_intent.folder}: expected a run with the intent first, got one of single_task")
    if without.settings.model.system != SINGLE_TASK:
        raise UserError(
            f"{without.folder}: expected a run of model.system single_task second, "
            f"got one of {without.settings.model.system}"
        )
    same = {
        "data.setting": [run.settings.data.setting for run in (with_intent, without)],
        "seed": [run.results["seed"] for run in (with_intent, without)],
        "encoder": [run.results["encoder"] for run in (with_intent, without)],
        "data.shares": [run.settings.data.shares for run in (with_intent, without)],
        "data": [run.fingerprint[:12] for run in (with_intent, without)],
    }
    for name, (one, other) in same.items():
        if one != other:
            raise UserError(f"{without.folder}: expected the {name} of {with_intent.folder}, {one}, got {other}")


def _test_sentences(run: _Run) -> pd.DataFrame:
    """id, text, direction of the test split, as the run read them."""
    cell = ClsnCell(run.settings, ClsnCell.read(run.settings), run.results["seed"])
    if cell.data_fingerprint != run.fingerprint:
        raise UserError(
            f"{run.settings.data.path}: expected the sentences and intents that {run.folder} was trained on "
            f"({run.fingerprint[:12]}), got others ({cell.data_fingerprint[:12]}); train the run again"
        )
    return cell.frames["test"]


def _figures_table(runs: Sequence[_Run]) -> Table:
    metrics = [run.results["metrics"]["test"] for run in runs]
    rows = [
        [Cell(title), *(Cell(NONE if found[name] is None else f"{found[name]:.4f}") for name in metrics[0])]
        for title, found in zip(RUNS, metrics, strict=True)
    ]
    head = ["run", *(name.replace("_", " ") for name in metrics[0])]
    return Table("figures", "Figures of the test split", head, rows, frozenset({0}))


def _cooccurrence_table(predictions: pd.DataFrame, names: tuple[str, ...]) -> Table:
    """Directions by silver intents: sentences, and below the share of the direction's."""
    named = pd.DataFrame(
        {
            "direction": [names[one] for one in predictions["direction"]],
            "intent": [INTENTS[one] for one in predictions["intent"]],
        }
    )
    found = label_cooccurrence(named, "direction", "intent")
    rows = [name for name in names if name in found.counts.index]
    columns = [name for name in INTENTS if name in found.counts.columns]
    counts, shares = (one.loc[rows, columns].to_numpy() for one in (found.counts, found.shares))
    cells = [
        [Cell(name), *(Cell(f"{n}", (f"{share:.1%}",)) for n, share in zip(counts[k], shares[k], strict=True))]
        for k, name in enumerate(rows)
    ]
    notes = ["Sentences of the test split, and below the share of the direction's sentences."]
    if found.cramers_v is not None:
        notes.append(f"Cramér's V {found.cramers_v:.3f} (0 no link, 1 complete); chi-square p {found.p_value:.2g}.")
    return Table("cooccurrence", "Direction and intent", ["direction", *columns], cells, frozenset({0}), notes=notes)


def _vector_plot(run: _Run, names: tuple[str, ...], title: str) -> Figure:
    """Scatter of the direction's vectors in two dimensions, a colour and a marker for each direction."""
    found = TSNE(perplexity=PERPLEXITY, random_state=SEED).fit_transform(run.vectors)
    with panel(f"vectors-{RUNS.index(title)}", 5.2, 4.4) as drawn:
        for k, name in enumerate(names):
            own = found[run.directions == k]
            drawn.axes.scatter(own[:, 0], own[:, 1], 9, color=series_color(k), marker=MARKERS[k], alpha=0.6, label=name)
        drawn.axes.set(title=title, xticks=[], yticks=[])
        drawn.axes.grid(False)
        drawn.axes.legend(loc="best", markerscale=1.6)
    return Figure(drawn.svg, f"Vectors of the test sentences in two dimensions, by direction, {title}")


def _vector_note(runs: Sequence[_Run]) -> str:
    apart = [
        f"{title} {silhouette_score(run.vectors, run.directions):.3f}" for title, run in zip(RUNS, runs, strict=True)
    ]
    return (
        f"t-SNE, perplexity {PERPLEXITY:g}, seed {SEED}; distances between clusters mean nothing. How far apart the "
        f"directions lie in the vectors themselves, as mean silhouette (-1 to 1): {', '.join(apart)}."
    )


def _word_table(runs: Sequence[_Run], sentences: pd.DataFrame, names: tuple[str, ...]) -> Table:
    """For each direction the words that add most to it in the first run, and what they add in the second."""
    # In the order of their hashes, so that it is a random choice, and the same one for every run.
    chosen = sentences.sort_values("id").groupby("direction").head(EXPLAINED)
    means = [_word_means(run, chosen) for run in runs]
    both = means[0].merge(means[1].drop(columns="sentences"), on=["direction", "word"], suffixes=("", "_without"))
    rows: list[list[Cell]] = []
    divided = set()
    for direction, name in enumerate(names):
        own = both[(both["direction"] == direction) & (both["sentences"] >= MIN_SENTENCES)].nlargest(WORDS, "points")
        divided.add(len(rows))
        for row in own.to_dict("records"):
            points = [f"{row[column]:+.3f}" for column in ("points", "points_without")]
            rows.append([Cell(name), Cell(row["word"]), Cell(str(row["sentences"])), *map(Cell, points)])
    notes = [
        "Mean over the test sentences of a direction that hold the word of what it adds to the log-odds of that "
        f"direction, against a sentence of unknown words (integrated gradients); {EXPLAINED} sentences a direction, or "
        f"all where there are fewer, words of at least {MIN_SENTENCES} of them, the {WORDS} highest with the intent."
    ]
    head = ["direction", "word", "sentences", *RUNS]
    return Table("words", "Words by direction", rows=rows, head=head, words=frozenset({0, 1}),
                 divided=frozenset(divided - {0}), notes=notes)  # fmt: skip


def _word_means(run: _Run, sentences: pd.DataFrame) -> pd.DataFrame:
    """A row for each direction and word: direction, word, sentences that hold it, mean points that it adds there."""
    folder = run.folder / "model"
    model = network_of(run.settings.model.system).Model.from_pretrained(folder)
    directions = sentences["direction"].tolist()
    found = word_contributions(model, load_tokenizer(str(folder)), sentences["text"].tolist(), directions)
    found["direction"] = [directions[place] for place in found["sentence"]]
    groups = found.groupby(["direction", "word"], as_index=False)
    return groups.agg(sentences=("points", "size"), points=("points", "mean"))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status. Raises UserError for what a user can get wrong."""
    parser = argparse.ArgumentParser(prog=PROG, description=clsn_page.__doc__)
    parser.add_argument("with_intent", type=Path, help="run folder of clsn, or of a baseline with the intent")
    parser.add_argument("without", type=Path, help="run folder of single_task on the same sentences and seed")
    parser.add_argument("out", type=Path, help="the HTML file to write")
    chosen = parser.parse_args(argv)
    clsn_page(chosen.with_intent, chosen.without, chosen.out)
    print(chosen.out)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(PROG, main))
