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

## What it was trained on

- Scores: hybrid labels of the listener's turns in {dialogues} training dialogues of EmpatheticDialogues (a label model
  of many signals, fitted on human ratings of training dialogues), and made-up pairs ({augmentation}) that take the
  shortcuts away.
- Mechanisms: linear heads on EPITOME's {epitome_pairs} pairs of posts (Reddit).
- Intervals and the emotions' temperature: {unseen_rated_dialogues} human-rated training dialogues that it was not
  trained on.
- Run: `{command}` at commit `{commit}`.

## Figures

| what | on | n | figure |
|---|---|---|---|
| Spearman ρ with people | rated validation dialogues, mean over turns | {people[n]} | {people[spearman]:.3f} |
| MAE | the same | {people[n]} | {people[mae]:.3f} |
| ratings inside the {nominal:.0%} interval | the same | {interval[n]} | {interval[covered]:.3f} |
| emotion accuracy, from the speaker's turns | test turns | {emotion[n]} | {emotion[accuracy]:.3f} |
| emotion ECE | the same | {emotion[n]} | {emotion[ece]:.3f} |
| abstained | the same | {emotion[n]} | {abstained[test]:.3f} |
{mechanism_rows}

Validation and test chose nothing. `empathy audit` and `empathy probe` give intervals and the probes.

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


def release_card(described: Mapping[str, Any], experiment: ExperimentSettings) -> str:
    """Markdown with front matter."""
    found = described["figures"]
    mechanism_rows = [
        f"| {name.upper()} level: accuracy (macro-F1; always the most frequent level) | held-out EPITOME pairs | "
        f"{row['n']} | {row['accuracy']:.3f} ({row['macro_f1']:.3f}; {row['majority_accuracy']:.3f}) |"
        for name, row in found["mechanisms"].items()
    ]
    limit = experiment.stages[-1].max_dialogues
    augmentation = experiment.data.augmentation
    return _CARD.format(
        encoder=described["encoder"]["version"],
        rank=experiment.encoder.adapter_rank,
        dialogues="all" if limit is None else f"{limit:,}",
        augmentation="none" if augmentation is None else ", ".join(augmentation.variants),
        nominal=found["interval"]["nominal"],
        mechanism_rows="\n".join(mechanism_rows),
        **described["fitted_on"],
        **{key: described["run"][key] for key in ("command", "commit")},
        **{key: found[key] for key in ("people", "interval", "emotion", "abstained")},
    )
