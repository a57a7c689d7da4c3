"""Choosing dialogues by frequent pairs, or at random."""

import pandas as pd
import pytest

from pipelines.conversations.selection import Selection, highest_thresholds, select_by_pairs, size_matched
from pipelines.errors import UserError

# Dialogue -> the listener's emotions, all in answer to joy. Frequency: x 5, y 3, z 2, w 1.
DIALOGUES = {"a": "xx", "b": "xy", "c": "xxw", "d": "yz", "e": "yz"}


def found() -> pd.DataFrame:
    rows = [(conv_id, "joy", emotion) for conv_id, emotions in DIALOGUES.items() for emotion in emotions]
    return pd.DataFrame(rows, columns=["conv_id", "speaker_emotion", "listener_emotion"])


def test_highest_thresholds_by_hand() -> None:
    assert highest_thresholds(found(), "every").to_dict() == {"a": 5, "b": 3, "c": 1, "d": 2, "e": 2}
    # More than half: both of two, two of three.
    assert highest_thresholds(found(), "most").to_dict() == {"a": 5, "b": 3, "c": 5, "d": 2, "e": 2}


@pytest.mark.parametrize("rule", ["every", "most"])
@pytest.mark.parametrize("threshold", [1, 2, 3, 4, 5])
def test_thresholds_agree_with_counting(rule: str, threshold: int) -> None:
    counts = {"x": 5, "y": 3, "z": 2, "w": 1}
    shares = {c: sum(counts[e] >= threshold for e in emotions) / len(emotions) for c, emotions in DIALOGUES.items()}
    chosen = {c for c, share in shares.items() if (share == 1 if rule == "every" else share > 0.5)}
    highest = highest_thresholds(found(), rule)  # type: ignore[arg-type]
    assert set(highest.index[highest >= threshold]) == chosen


@pytest.mark.parametrize(
    ("keep", "conv_ids", "threshold"),
    [(1.0, "abcde", 1), (0.8, "abde", 2), (0.57, "ab", 3), (0.3, "ab", 3), (0.25, "a", 5), (0.01, "a", 5)],
)
def test_the_threshold_comes_closest_to_the_share(keep: float, conv_ids: str, threshold: int) -> None:
    assert select_by_pairs(found(), keep) == Selection(frozenset(conv_ids), threshold, len(conv_ids) / 5)


def test_most_keeps_a_dialogue_with_one_rare_exchange() -> None:
    assert select_by_pairs(found(), 0.4, "most") == Selection(frozenset("ac"), 5, 0.4)


def test_of_two_that_are_as_close_the_lower_threshold() -> None:
    assert select_by_pairs(found(), 0.6).share == pytest.approx(0.8)  # .8 at 2 and .4 at 3


def test_what_is_refused() -> None:
    for keep in (0.0, 1.2):
        with pytest.raises(UserError, match=rf"keep: expected a share above 0 and up to 1, came {keep}"):
            select_by_pairs(found(), keep)
    with pytest.raises(UserError, match="expected exchanges of a speaker and a listener, came none"):
        select_by_pairs(found().iloc[:0], 0.5)
    with pytest.raises(UserError, match="size: expected from 0 to the 5 dialogues that there are, came 6"):
        size_matched(DIALOGUES, 6, seed=17)


def test_the_random_set_depends_on_ids_size_and_seed_alone() -> None:
    ids = [f"hit:{k}_conv:{k}" for k in range(1000)]
    chosen = size_matched(ids, 430, seed=17)
    assert len(chosen) == 430
    assert chosen == size_matched(reversed(ids), 430, seed=17)
    assert size_matched(ids, 100, seed=17) < chosen
    # Another seed draws another set: they overlap as chance has it, 430 * .43 = 185 with a deviation of about 10.
    assert 130 < len(chosen & size_matched(ids, 430, seed=18)) < 240
