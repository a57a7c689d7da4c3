"""Choosing training dialogues: those whose exchanges are frequent pairs of emotions, or as many drawn at random."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from pipelines.data.prepare import dialogue_hash
from pipelines.errors import UserError

Rule = Literal["every", "most"]


@dataclass(frozen=True)
class Selection:
    """The dialogues that were chosen.

    conv_ids: their ids. threshold: a pair of emotions is frequent if it occurs in at least so many exchanges; None
    where pairs do not count. share: of the dialogues that there were to choose from, 0 to 1.
    """

    conv_ids: frozenset[str]
    threshold: int | None
    share: float


def highest_thresholds(found: pd.DataFrame, rule: Rule) -> pd.Series:
    """For each dialogue (its conv_id) the highest threshold at which it is still chosen.

    It is chosen where every exchange, or (rule "most") more than half of them, is a frequent pair.

    Args:
        found: the training split's `exchanges`; the frequency of a pair is counted in them.
        rule: "every" or "most".
    """
    frequency = found.groupby(["speaker_emotion", "listener_emotion"])["conv_id"].transform("size")
    descending = pd.DataFrame({"conv_id": found["conv_id"], "frequency": frequency}).sort_values(
        "frequency", ascending=False, kind="stable"
    )
    of_dialogue = descending.groupby("conv_id")
    exchanges = of_dialogue["frequency"].transform("size")
    # The last exchange that has to be frequent, numbered from 0: of 2 or 3 a majority needs numbers 0 and 1.
    last = exchanges - 1 if rule == "every" else exchanges // 2
    return descending[of_dialogue.cumcount() == last].set_index("conv_id")["frequency"]


def select_by_pairs(found: pd.DataFrame, keep: float, rule: Rule = "every") -> Selection:
    """Choose the dialogues of frequent pairs, with the threshold that comes closest to keeping the share `keep`.

    Pairs come with whole counts, so a share is met only nearly: `share` of the answer says what came of it. Of two
    thresholds that are as close the lower one is taken.

    Args:
        found: the training split's `exchanges`.
        keep: share of the dialogues to keep, above 0 and up to 1.
        rule: as in `highest_thresholds`.

    Raises:
        UserError: `keep` is no such share, or there is no exchange.
    """
    if not 0 < keep <= 1:
        raise UserError(f"keep: expected a share above 0 and up to 1, came {keep}; give one such as 0.57")
    if found.empty:
        raise UserError("expected exchanges of a speaker and a listener, came none; use a corpus of dialogues")
    thresholds = highest_thresholds(found, rule)
    kept = {int(threshold): int((thresholds >= threshold).sum()) for threshold in sorted(thresholds.unique())}
    wanted = keep * len(thresholds)
    chosen = min(kept, key=lambda threshold: (abs(kept[threshold] - wanted), threshold))
    conv_ids = frozenset(thresholds.index[thresholds >= chosen])
    return Selection(conv_ids, chosen, len(conv_ids) / len(thresholds))


def size_matched(conv_ids: Iterable[str], size: int, seed: int) -> frozenset[str]:
    """`size` dialogues out of `conv_ids` at random: the same for the same ids and seed, whatever their order.

    Raises UserError where there are fewer.
    """
    ids = set(conv_ids)
    if not 0 <= size <= len(ids):
        raise UserError(f"size: expected from 0 to the {len(ids)} dialogues that there are, came {size}; ask for fewer")
    return frozenset(sorted(ids, key=lambda conv_id: dialogue_hash(f"{seed}/{conv_id}"))[:size])
