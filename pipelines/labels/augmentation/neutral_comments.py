"""Neutral comments of GoEmotions, the other source of exchanges that call for no empathy."""

import re

from pipelines.data.exclude import read_exclude_ids
from pipelines.data.goemotions import GOEMOTIONS_LABELS, read_goemotions
from pipelines.labels.augmentation.polarity_lexicon import TO_PLEASANT, TO_UNPLEASANT

MIN_WORDS, MAX_WORDS = 4, 25
_NEUTRAL = GOEMOTIONS_LABELS.index("neutral")
# Placeholders of the corpus ([NAME]), links, and mentions of forums: no one writes these to a listener.
_NOT_SPOKEN = re.compile(r"\[|\]|https?:|www\.|/?[ru]/\w|\^")
# The labels are one reader's or two's: what shouts, or says that something is good or bad, is left out.
_EVALUATIVE = "|".join(map(re.escape, (*TO_PLEASANT, *TO_UNPLEASANT, "sorry", "glad")))
_NOT_NEUTRAL = re.compile(rf"!|\b(?:{_EVALUATIVE})\b", re.IGNORECASE)


def neutral_comments(path: str, exclude_ids: str | None) -> list[str]:
    """Comments of the training split whose one label is neutral, of 4 to 25 words, each once, in the corpus's order.

    Those that are not plain talk, or not plainly neutral, are left out. Raises UserError as `read_goemotions` does.
    """
    train = read_goemotions(path, read_exclude_ids(exclude_ids, "goemotions"))["train"]
    kept = dict.fromkeys(
        text
        for text, labels in zip(train["text"], train["labels"], strict=True)
        if labels == [_NEUTRAL]
        and MIN_WORDS <= len(text.split()) <= MAX_WORDS
        and not _NOT_SPOKEN.search(text)
        and not _NOT_NEUTRAL.search(text)
    )
    return list(kept)
