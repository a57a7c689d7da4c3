"""The selections of training dialogues that the study compares."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from pipelines.conversations.cleaning import find_faults
from pipelines.conversations.emotion_pairs import exchanges
from pipelines.conversations.emotion_tagger import tag_emotions
from pipelines.conversations.selection import Selection, select_by_pairs, size_matched
from pipelines.errors import UserError

SelectionName = Literal["as_is", "cleaned", "pairs_87", "pairs_57", "pairs_43", "random_43"]
SELECTIONS: tuple[SelectionName, ...] = get_args(SelectionName)
SHARES = {"pairs_87": 0.87, "pairs_57": 0.57, "pairs_43": 0.43}
RANDOM: Literal["random_43"] = "random_43"
MATCHED: Literal["pairs_43"] = "pairs_43"  # what the random set has as many dialogues as
TAGGED = (*SHARES, RANDOM)  # what needs the emotion of every utterance
SEED = 17  # of the random set, which is the same for all seeds of a run


class TrainingDialogues:
    """The training split, from which each selection takes its dialogues.

    Args:
        conv_ids: of the split, once what must not be used is left out.
        path: of the corpus, as for `read_empatheticdialogues`.
        labels: a labels folder of `empathy label`, whose GoEmotions rater tags the utterances; None where no selection
            of TAGGED is asked for.
    """

    def __init__(self, conv_ids: Iterable[str], path: str, labels: Path | None) -> None:
        self.conv_ids, self.path, self.labels = frozenset(conv_ids), path, labels

    @cached_property
    def faults(self) -> pd.DataFrame:
        """A row for each dialogue and fault of `find_faults`."""
        found = find_faults(self.path)
        return found[(found["split"] == "train") & found["conv_id"].isin(self.conv_ids)]

    @cached_property
    def cleaned(self) -> frozenset[str]:
        """The dialogues without a fault."""
        return self.conv_ids - set(self.faults["conv_id"])

    @cached_property
    def exchanges(self) -> pd.DataFrame:
        """The `exchanges` of the cleaned dialogues. Raises UserError as `tag_emotions`, or without a labels folder."""
        if self.labels is None:
            raise UserError(
                f"labels: expected a labels folder, whose rater tags the utterances, for {', '.join(TAGGED)}; came "
                "none, make one: empathy label configs/labels.yaml"
            )
        tagged = tag_emotions(self.labels, self.path)
        return exchanges(tagged[(tagged["split"] == "train") & tagged["conv_id"].isin(self.cleaned)])

    def choose(self, name: SelectionName) -> Selection:
        """The dialogues of a selection: all, the cleaned ones, or out of these frequent pairs or a random set.

        Raises UserError as `exchanges`.
        """
        if name == "as_is":
            return Selection(self.conv_ids, None, 1.0)
        if name == "cleaned":
            return Selection(self.cleaned, None, len(self.cleaned) / len(self.conv_ids))
        if name == RANDOM:
            size = len(self.choose(MATCHED).conv_ids)
            return Selection(size_matched(self.cleaned, size, SEED), None, size / len(self.cleaned))
        return select_by_pairs(self.exchanges, SHARES[name])
