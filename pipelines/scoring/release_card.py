"""The model card of a release, made from scorer.json."""

from collections.abc import Mapping
from typing import Any

from pipelines.training.configuration import ExperimentSettings

_CARD = """---
license: cc-by-nc-4.0
language: en
library_name: empathy-cascade
base_model: sentence-transformers/all-MiniLM-L6-v2
tags: [empathy, emotion, dialogue, peft, empathy-cascade]
---

# Empathy scorer

Scores how empathic a reply is in its context (1 to 5, with an interval), and names the speaker's emotion (32 classes)
and the reply's mechanisms (EPITOME). A multi-view cascade (MVC): a low-rank adapter of rank {rank} on the encoder
`{encoder}`, and heads.

```python
from pipelines.scoring import EmpathyScorer

score = EmpathyScorer.from_pretrained().score("I got promoted today!", "Congratulations, you must be so proud!")
print(score.empathy, score.interval, score.emotion, score.abstain)
```

The package empathy-cascade reads it: `EmpathyScorer.from_pretrained(FOLDER)`. It is no folder for `AutoModel`, which
finds no weights in it: an adapter and heads are kept apart from the encoder.

## What it was trained on

- Scores: hybrid labels of the listener's turns in {dialogues} training dialogues of EmpatheticDialogues (a label model
  of many signals, fitted on human ratings of training dialogues), and made-up pairs ({augmentation}) that take the
  shortcuts away.
- Mechanisms: linear heads on EPITOME's {epitome_pairs} pairs of posts (Reddit).
- Intervals and the emotions' temperature: {unseen_rated_dialogues} human-rated training dialogues that it was not
  trained on.
- Run: `{command}` at commit `{commit}`.

## What it is for

Research on empathic dialogue, and builders of conversational agents: to rank or gate candidate replies, and to watch a
log of conversations, beside what measures whether a reply is true, safe and useful. Not for judging people, for
clinical use, or for decisions about anybody.

## Figures

With 95 % intervals: a bootstrap over dialogues, Wilson's for shares of independent cases.

| what | on | n | figure |
|---|---|---|---|
{people_rows}
{emotion_rows}
{mechanism_rows}

Validation and test chose nothing.

Probes, on {turns:,} real listener turns of the validation split and on {corpora}:

| probe | n | figure | what it is |
|---|---|---|---|
{probe_rows}

The made-up pairs' shares and two constants of the network were set with development probes at hand, so the phrases'
figures are not those of unseen probes. `empathy audit` and `empathy probe` with `--scorers release:` print them all.

## Limits

- People agree little about the empathy of a dialogue: the interval is wide, and says so. Compare replies to one
  context, or means over many, rather than single scores.
- The rated unit was a whole dialogue; the score of one reply stands for a dialogue whose turns are all like it.
- English, two people, everyday matters. It abstains from empty texts, other languages and texts far from its training
  data; that catches some of what it cannot judge, not all.
- It measures text. It is no judgement of a person, no clinical measure, and not for decisions about people.

## Terms

EmpatheticDialogues and the human ratings are CC BY-NC 4.0, so this checkpoint is for non-commercial use. EPITOME has an
academic licence. The encoder (all-MiniLM-L6-v2) is Apache-2.0 and not part of this folder.
"""


_PEOPLE = {
    "spearman": "Spearman ρ with people",
    "mae": "MAE against people's mean rating",
    "covered": "ratings inside the {nominal:.0%} interval",
}
_EMOTION = {"accuracy": "emotion accuracy, from the speaker's turns", "ece": "emotion ECE", "abstained": "abstained"}


def release_card(described: Mapping[str, Any], experiment: ExperimentSettings) -> str:
    """Markdown with front matter."""
    found = described["figures"]
    people, emotion = found["people"], found["emotion"]
    limit = experiment.stages[-1].max_dialogues
    augmentation = experiment.data.augmentation
    return _CARD.format(
        encoder=described["encoder"]["version"],
        rank=experiment.encoder.adapter_rank,
        dialogues="all" if limit is None else f"{limit:,}",
        augmentation="none" if augmentation is None else ", ".join(augmentation.variants),
        people_rows="\n".join(
            _row(what.format(**people["covered"]), "rated validation dialogues, mean over turns", people[key])
            for key, what in _PEOPLE.items()
        ),
        emotion_rows="\n".join(_row(what, "test turns", emotion[key]) for key, what in _EMOTION.items()),
        mechanism_rows="\n".join(
            f"| {name.upper()} level: accuracy (macro-F1; always the most frequent level) | held-out EPITOME pairs | "
            f"{row['n']} | {row['accuracy']:.3f} ({row['macro_f1']:.3f}; {row['majority_accuracy']:.3f}) |"
            for name, row in found["mechanisms"].items()
        ),
        turns=described["probed_on"]["turns"],
        corpora=", ".join(
            f"{one['pairs']:,} pairs of {name}" for name, one in described["probed_on"]["corpora"].items()
        ),
        probe_rows="\n".join(_probe_row(one) for one in found["probes"]),
        **described["fitted_on"],
        **{key: described["run"][key] for key in ("command", "commit")},
    )


def _row(what: str, on: str, estimate: Mapping[str, Any]) -> str:
    return f"| {what} | {on} | {estimate['n']:,} | {_figure(estimate, 'number')} |"


def _probe_row(one: Mapping[str, Any]) -> str:
    figure = one["figure"]
    n = f"{figure['n']:,}" if isinstance(figure, dict) else ""
    return f"| {one['title']} | {n} | {_figure(figure, one['form'])} | {one['meaning']} |"


def _figure(found: Any, form: str) -> str:
    """A figure and its interval, shares in per cent."""
    if found is None or (isinstance(found, dict) and found["value"] is None):
        return "–"
    written = (lambda value: f"{value:.1%}") if form == "share" else (lambda value: f"{value:.3f}")
    if not isinstance(found, dict):
        return written(found)
    interval = "" if found["low"] is None else f" [{written(found['low'])}, {written(found['high'])}]"
    return written(found["value"]) + interval
