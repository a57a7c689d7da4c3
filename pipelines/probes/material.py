"""What the probes are made of: real listener turns, and exchanges that call for no empathy."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from datasets import Dataset

from pipelines.data.dialogue import clean_text
from pipelines.data.empatheticdialogues import read_empatheticdialogues
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.prepare import dialogue_hash
from pipelines.data.views import Example
from pipelines.errors import UserError
from pipelines.probes.configuration import ProbeSettings
from pipelines.probes.pairs import one_turn, pair_row


@dataclass(frozen=True)
class Material:
    """Everything that the probes draw on.

    split: the real listener turns' split. turns: those turns, rows of EXAMPLE_FEATURES, in order of the corpus.
    corpora: name -> pairs of a probe corpus. dropped: name -> rows of its file that lack a context or a response.
    """

    split: str
    turns: list[Example]
    corpora: dict[str, list[Example]]
    dropped: dict[str, int]

    @cached_property
    def real(self) -> list[Example]:
        """The real turns as pairs, which every scorer scores first."""
        return [pair_row(turn["dialogue_context"], turn["response"]) for turn in self.turns]

    @property
    def dialogues(self) -> list[str]:
        """The dialogue of each real turn, what the bootstrap resamples."""
        return [turn["conv_id"] for turn in self.turns]

    @property
    def words(self) -> np.ndarray:
        """Words of the response of each real turn, (turns,)."""
        return np.array([len(turn["response"].split()) for turn in self.turns])

    def counts(self) -> dict[str, Any]:
        """How much of what there is."""
        return {
            "split": self.split,
            "turns": len(self.turns),
            "dialogues": len(set(self.dialogues)),
            "corpora": {
                name: {"pairs": len(pairs), "rows_left_out": self.dropped[name]} for name, pairs in self.corpora.items()
            },
        }


def read_material(settings: ProbeSettings) -> Material:
    """Read both. Raises UserError where a file is missing, of another form, or empty."""
    corpora: dict[str, list[Example]] = {}
    dropped: dict[str, int] = {}
    for path in settings.corpora:
        name = Path(path).stem
        if name in corpora:
            raise UserError(f"corpora: expected files of different names, got {name} twice; rename one")
        corpora[name], dropped[name] = _read_pairs(Path(path))
    exclude = read_exclude_ids(settings.exclude_ids, "empatheticdialogues")
    corpus = read_empatheticdialogues(settings.path, exclude, strict=False)
    return Material(settings.split, _sample(corpus.examples[settings.split], settings.max_turns), corpora, dropped)


def _sample(examples: Dataset, limit: int) -> list[Example]:
    """Turns of the dialogues that come first by the hash of their ids, as long as there are no more than `limit`."""
    turns: dict[str, int] = {}
    for conv_id in examples["conv_id"]:
        turns[conv_id] = turns.get(conv_id, 0) + 1
    chosen: set[str] = set()
    for conv_id in sorted(turns, key=dialogue_hash):
        limit -= turns[conv_id]
        if limit < 0:
            break
        chosen.add(conv_id)
    return [row for row in examples if row["conv_id"] in chosen]


def _read_pairs(path: Path) -> tuple[list[Example], int]:
    expected = "a CSV (UTF-8) with the columns context and response"
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise UserError(f"{path}: expected a probe corpus, {expected}; there is no such file") from error
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise UserError(f"{path}: expected {expected}: {error}") from error
    if not {"context", "response"} <= set(frame.columns):
        raise UserError(f"{path}: expected {expected}, got {', '.join(map(str, frame.columns))}")
    texts = [
        (clean_text(context), clean_text(response))
        for context, response in zip(frame["context"], frame["response"], strict=True)
    ]
    kept: list[Example] = [pair_row(one_turn(context), response) for context, response in texts if context and response]
    if not kept:
        raise UserError(f"{path}: expected rows with a context and a response, got none")
    return kept, len(texts) - len(kept)
