"""A corpus as read: its examples, and an account of what was kept, dropped and noticed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datasets import DatasetDict

from pipelines.data.dialogue import SPLITS

WHOLE_CORPUS = "corpus"  # the scope of a count that belongs to no split
SCOPES = (*SPLITS, WHOLE_CORPUS)


def _per_scope() -> dict[str, dict[str, int]]:
    return {scope: {} for scope in SCOPES}


@dataclass
class ReaderReport:
    """Counts by scope (train, valid, test, or "corpus" for what belongs to no split) and reason.

    A reason says its unit first: `dialogues_excluded_id`, `examples_excluded_id`, `rows_malformed`. An example is a
    listener turn, so within a split the kept examples and all `examples_*` dropped add up to the listener turns of the
    dialogues that could be read.

    Attributes:
        corpus: name of the corpus.
        kept: split -> {"dialogues": n, "examples": n}.
        dropped: scope -> reason -> count of what was left out.
        noted: scope -> reason -> count of what was kept but changed, or is worth knowing.
    """

    corpus: str
    kept: dict[str, dict[str, int]] = field(default_factory=dict)
    dropped: dict[str, dict[str, int]] = field(default_factory=_per_scope)
    noted: dict[str, dict[str, int]] = field(default_factory=_per_scope)

    def drop(self, scope: str, reason: str, count: int = 1) -> None:
        """Add `count` to what was dropped for `reason`; a count of 0 leaves no trace."""
        _add(self.dropped[scope], reason, count)

    def note(self, scope: str, reason: str, count: int = 1) -> None:
        """Add `count` to what was noted as `reason`; a count of 0 leaves no trace."""
        _add(self.noted[scope], reason, count)

    def count_kept(self, examples: DatasetDict) -> None:
        """Fill `kept` from the datasets that the reader made."""
        for split in SPLITS:
            conv_ids = examples[split]["conv_id"][:]
            self.kept[split] = {"dialogues": len(set(conv_ids)), "examples": len(conv_ids)}

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts for JSON; scopes with nothing dropped or noted are left out."""
        return {
            "corpus": self.corpus,
            "kept": {split: dict(counts) for split, counts in self.kept.items()},
            "dropped": _without_empty(self.dropped),
            "noted": _without_empty(self.noted),
        }

    def lines(self) -> list[str]:
        """The report for people, a line for each split and one for the corpus where there is something to say."""
        lines = []
        for scope in SCOPES:
            parts = [f"{count:,} {unit}" for unit, count in self.kept.get(scope, {}).items()]
            for verb, counts in (("dropped", self.dropped[scope]), ("noted", self.noted[scope])):
                if counts:
                    listed = (f"{reason.replace('_', ' ')} {count:,}" for reason, count in sorted(counts.items()))
                    parts.append(f"{verb}: {', '.join(listed)}")
            if parts:
                lines.append(f"{self.corpus} {scope}: " + "; ".join(parts))
        return lines


@dataclass
class Corpus:
    """Examples by split ("train", "valid", "test"), each with EXAMPLE_FEATURES, and the reader's report."""

    name: str
    examples: DatasetDict
    report: ReaderReport


def _add(counts: dict[str, int], reason: str, count: int) -> None:
    if count:
        counts[reason] = counts.get(reason, 0) + count


def _without_empty(scopes: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    return {scope: dict(counts) for scope, counts in scopes.items() if counts}
