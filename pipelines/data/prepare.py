"""From data settings to the examples of an experiment: read, label, choose turns, arrange the splits."""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

from datasets import Dataset, DatasetDict

from pipelines.data.corpora import CORPORA, LABEL_SOURCES
from pipelines.data.corpus import Corpus
from pipelines.data.dialogue import SPLITS
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.views import CONTEXT_VIEWS
from pipelines.errors import UserError
from pipelines.training.configuration import DataSettings

# With test_split "valid", one training dialogue in this many is held out for validation.
HELD_OUT_ONE_IN = 10

Reader = TypeVar("Reader")


def dialogue_hash(conv_id: str) -> int:
    """A whole number that depends on the dialogue's id alone, so that a choice by it is the same for every seed."""
    return int.from_bytes(hashlib.sha256(conv_id.encode()).digest()[:8], "big")


@lru_cache(maxsize=2)
def prepare_corpus(settings: DataSettings) -> Corpus:
    """Read the corpus that `settings` describe; a second call with the same settings returns the same object.

    Raises UserError for an unknown corpus or label source, and for a split that ends up empty.
    """
    _registered(CONTEXT_VIEWS, "data.context_view", settings.context_view)
    corpus = _registered(CORPORA, "data.corpus", settings.corpus)(
        settings.path, read_exclude_ids(settings.exclude_ids, settings.corpus), settings.strict
    )
    if settings.labels is not None and settings.labels_path is not None:
        corpus = _registered(LABEL_SOURCES, "data.labels", settings.labels)(corpus, settings.labels_path)
    examples = DatasetDict({split: _choose_turns(corpus.examples[split], settings.turns) for split in SPLITS})
    if settings.context_view == "situation":
        for split in SPLITS:
            kept = [index for index, text in enumerate(examples[split]["situation"]) if text]
            corpus.report.drop(split, "examples_without_situation", len(examples[split]) - len(kept))
            examples[split] = examples[split].select(kept)
    if settings.test_split == "valid":
        examples = _valid_as_test(examples)
    for split in ("valid", "test"):
        kept_rows = limit_dialogues(examples[split], settings.max_evaluated_dialogues)
        corpus.report.drop(split, "examples_over_max_evaluated_dialogues", len(examples[split]) - len(kept_rows))
        examples[split] = kept_rows
    for split in SPLITS:
        if not len(examples[split]):
            raise UserError(f"data: expected examples in the {split} split of {settings.corpus}, none are left")
    corpus.report.count_kept(examples)
    return Corpus(corpus.name, examples, corpus.report)


def _registered(registry: dict[str, Reader], key: str, name: str) -> Reader:
    if name not in registry:
        raise UserError(f"{key}: expected one of {', '.join(registry)}, got {name!r}")
    return registry[name]


def _choose_turns(examples: Dataset, turns: str) -> Dataset:
    """Keep all listener turns, or those at a dialogue's first or last turn; a turn may have several responses."""
    if turns == "all":
        return examples
    pick = min if turns == "first" else max
    chosen: dict[str, int] = {}
    for conv_id, turn in zip(examples["conv_id"], examples["turn"], strict=True):
        chosen[conv_id] = pick(turn, chosen.get(conv_id, turn))
    keep = [
        index
        for index, (conv_id, turn) in enumerate(zip(examples["conv_id"], examples["turn"], strict=True))
        if chosen[conv_id] == turn
    ]
    return examples.select(keep)


def _valid_as_test(examples: DatasetDict) -> DatasetDict:
    held_out = [dialogue_hash(conv_id) % HELD_OUT_ONE_IN == 0 for conv_id in examples["train"]["conv_id"]]
    return DatasetDict(
        train=examples["train"].select([index for index, out in enumerate(held_out) if not out]),
        valid=examples["train"].select([index for index, out in enumerate(held_out) if out]),
        test=examples["valid"],
    )


def labelled(examples: Dataset) -> Dataset:
    """The examples that have a score."""
    return examples.select([index for index, score in enumerate(examples["empathy"]) if score is not None])


def eligible(examples: Dataset, needs_empathy: bool) -> Dataset:
    """The examples that a stage, or its evaluation, can use: those with a score where it needs one."""
    return labelled(examples) if needs_empathy else examples


def limit_dialogues(examples: Dataset, limit: int | None) -> Dataset:
    """The examples of the `limit` dialogues that come first by the hash of their ids; all of them for None."""
    if limit is None:
        return examples
    chosen = set(sorted(set(examples["conv_id"]), key=dialogue_hash)[:limit])
    return examples.select([index for index, conv_id in enumerate(examples["conv_id"]) if conv_id in chosen])


def stage_examples(corpus: Corpus, split: str, needs_empathy: bool, max_dialogues: int | None) -> Dataset:
    """The examples of a split that a stage trains, is selected or is tested on; the limit is for training alone."""
    examples = eligible(corpus.examples[split], needs_empathy)
    return limit_dialogues(examples, max_dialogues) if split == "train" else examples


def trained_dialogues(corpus: Corpus, limits: Sequence[int | None]) -> set[str]:
    """Ids of the dialogues that stages with these `max_dialogues` train on."""
    return {conv_id for limit in limits for conv_id in stage_examples(corpus, "train", False, limit)["conv_id"]}


def fingerprint(corpus: Corpus, context_view: str) -> str:
    """Sha256 (hex) over every example's ids, texts and labels and the name of the context view."""
    digest = hashlib.sha256(context_view.encode())
    for split in SPLITS:
        digest.update(split.encode())
        for row in corpus.examples[split]:
            digest.update(json.dumps(row, sort_keys=True).encode())
    return digest.hexdigest()
