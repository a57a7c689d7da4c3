"""Which emotion of the listener answers which emotion of the speaker, and how often."""

import pandas as pd

from pipelines.data.dialogue import LISTENER, SPEAKER


def exchanges(utterances: pd.DataFrame) -> pd.DataFrame:
    """A row for each listener utterance that answers one of the speaker, in the order of dialogues and turns.

    Columns: conv_id, turn (the listener's), speaker_emotion, listener_emotion.

    Args:
        utterances: conv_id, turn, role and emotion (its name) of every utterance, as the emotion tagger gives them.
    """
    ordered = utterances.sort_values(["conv_id", "turn"], kind="stable")
    before = ordered.groupby("conv_id", sort=False)[["role", "emotion"]].shift()
    answers = (ordered["role"] == LISTENER) & (before["role"] == SPEAKER)
    return pd.DataFrame(
        {
            "conv_id": ordered["conv_id"],
            "turn": ordered["turn"],
            "speaker_emotion": before["emotion"],
            "listener_emotion": ordered["emotion"],
        }
    )[answers].reset_index(drop=True)


def pair_table(found: pd.DataFrame) -> pd.DataFrame:
    """The pairs of emotions that occur in `exchanges`, the most frequent first, equal ones by name.

    Columns: speaker_emotion, listener_emotion, count, share (of all exchanges), lift: how many times as often as if the
    listener's emotion did not depend on the speaker's, that is share / (share of the speaker's emotion * share of the
    listener's).
    """
    pair = ["speaker_emotion", "listener_emotion"]
    table = found.groupby(pair).size().rename("count").reset_index()
    table["share"] = table["count"] / len(found)
    expected = pd.Series(1.0, index=table.index)
    for side in pair:
        expected *= table.groupby(side)["share"].transform("sum")
    table["lift"] = table["share"] / expected
    return table.sort_values(["count", *pair], ascending=[False, True, True]).reset_index(drop=True)
