"""An answer that says the opposite of what fits: sympathy turned into congratulation, and the other way round."""

import re
from collections.abc import Iterable, Iterator, Mapping
from random import Random

from pipelines.data.dialogue import EMOTIONS
from pipelines.labels.augmentation.polarity_lexicon import (
    PLEASANT_EMOTIONS,
    TO_PLEASANT,
    TO_UNPLEASANT,
    UNPLEASANT_EMOTIONS,
)
from pipelines.labels.augmentation.pool import Pool, Row
from pipelines.labels.augmentation.sentences import split_sentences
from pipelines.labels.augmentation.targets import Target
from pipelines.labels.augmentation.variant import Variant

# An evaluative word is turned where the sentence ends or goes on in one of these ways: "a good friend" is left alone.
_GOES_ON = "to|that|for|of|when|and|because|as|if|you|your|about|what|news|feeling|experience|situation|surprise|it"
# Turning a word in such a sentence would not turn its sense ("I hope it gets better", "that was not nice").
_UNSURE = re.compile(
    r"\b(?:not|never|no|hardly|hope|hopefully|wish|would|could|should|might|maybe|if|but|although|though|at least)\b"
    r"|n't|nt\b|\?",
    re.IGNORECASE,
)


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    longest_first = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    after = rf"(?=\s*[.,!;)]|\s*$|\s+(?:{_GOES_ON})\b)"
    return re.compile(rf"\b(?:(an?)\s+)?({longest_first})\b{after}", re.IGNORECASE)


_PLEASANT, _UNPLEASANT = _pattern(TO_UNPLEASANT), _pattern(TO_PLEASANT)
# The same words anywhere: a sign that the response is not of one mind.
_ANY_PLEASANT, _ANY_UNPLEASANT = (
    re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.IGNORECASE) for words in (TO_UNPLEASANT, TO_PLEASANT)
)


def contradict(response: str, emotion: str) -> str | None:
    """`response` with its polarity turned against what fits `emotion`; None where no rule fires.

    A rule fires where the response says nothing of the opposite polarity already, at least one of its words has an
    opposite, and all sentences that hold such a word are plain statements.
    """
    if emotion in UNPLEASANT_EMOTIONS:
        fits, found, opposite, against = _ANY_UNPLEASANT, _UNPLEASANT, TO_PLEASANT, _ANY_PLEASANT
    elif emotion in PLEASANT_EMOTIONS:
        fits, found, opposite, against = _ANY_PLEASANT, _PLEASANT, TO_UNPLEASANT, _ANY_UNPLEASANT
    else:
        return None
    if against.search(response):
        return None
    turned = []
    for sentence in split_sentences(response):
        changed = found.sub(lambda match: _opposite(match, opposite), sentence)
        if fits.search(sentence) and (_UNSURE.search(sentence.lower().replace("oh no", "")) or changed == sentence):
            return None
        turned.append(changed)
    contradiction = " ".join(turned)
    return None if contradiction == " ".join(split_sentences(response)) else contradiction


def _opposite(match: re.Match[str], opposite: Mapping[str, str]) -> str:
    article, word = match.groups()
    new = opposite[word.lower()]
    if article is not None:
        new = f"{'an' if new[0] in 'aeiou' else 'a'} {new}"
    return new[0].upper() + new[1:] if match.group()[0].isupper() else new


def generate(rows: Iterable[Row], pool: Pool, rng: Random) -> Iterator[Row]:
    """Rows whose response has its polarity turned round, where a rule of the lexicon fires."""
    for row in rows:
        response = contradict(row["response"], EMOTIONS[row["emotion"]])
        if response is not None:
            yield row | {"response": response}


POLARITY_CONTRADICTION = Variant(
    name="polarity_contradiction",
    what="the response with its polarity turned round: congratulation to bad news, condolence to good news",
    target=Target("polarity_contradiction", lambda true, targets: targets.polarity_contradiction),
    generate=generate,
    teaches="belonging",
)
