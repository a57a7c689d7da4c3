"""The response without its empathic sentences, where something is left."""

import re
from collections.abc import Iterable, Iterator
from random import Random

from pipelines.labels.augmentation.polarity_lexicon import TO_PLEASANT, TO_UNPLEASANT
from pipelines.labels.augmentation.pool import Pool, Row
from pipelines.labels.augmentation.sentences import split_sentences
from pipelines.labels.augmentation.targets import LOWEST, Target
from pipelines.labels.augmentation.variant import Variant

MIN_WORDS_LEFT = 3
_CUES = (
    *("(?<!than )sorry", "condolences", "congrat\\w*", "sympath\\w*", "empath\\w*", "pity", "poor (?:you|thing|guy)"),
    *("i (?:can|could)(?: only| totally| completely)? (?:imagine|understand|relate|see|feel|tell)", "i understand"),
    *("i(?:'d| would)(?: be| have been| feel| hate)", "i bet", "i know (?:how|what|(?:the|that) feeling)"),
    *("(?:you|that|it|he|she|they) must(?: be| have| feel| hurt)?", "must (?:be|have|feel)", "been there", "i feel"),
    *("that(?:'s|s| is| was| sounds?)(?: so| really| very| just| pretty| quite| such| too)* (?:a )?(?:{adjectives})",),
    *("(?:it|this)(?:'s|s| is| was| sounds?)(?: so| really| very| just)* (?:a )?(?:{adjectives})", "sounds? like"),
    *("how (?:{adjectives})", "what a (?:{adjectives})", "i(?:'?m| am)(?: so| really| very)* (?:glad|happy|proud|sad)"),
    *("hopefully", "i hope", "i wish", "good luck", "best wishes", "bless", "hugs?", "aw+", "oh no", "yikes", "ouch"),
    *("good for you", "well done", "way to go", "hang in there", "take care", "stay strong", "don'?t worry"),
    *("proud of", "happy for", "glad (?:to|that|you)", "thank goodness", "thank god", "bummer", "shame", "sucks"),
)
_ADJECTIVES = "|".join(sorted(word for word in {*TO_PLEASANT, *TO_UNPLEASANT} if " " not in word))
_CUE = re.compile(rf"\b(?:{'|'.join(_CUES)})\b".replace("{adjectives}", _ADJECTIVES), re.IGNORECASE)


def without_empathic_sentences(response: str) -> str | None:
    """What is left of `response` without the sentences that hold a cue; None without one, or where too little is."""
    sentences = split_sentences(response)
    left = [sentence for sentence in sentences if not _CUE.search(sentence)]
    kept = " ".join(left)
    return kept if len(left) < len(sentences) and len(kept.split()) >= MIN_WORDS_LEFT else None


def generate(rows: Iterable[Row], pool: Pool, rng: Random) -> Iterator[Row]:
    """Rows whose response lost its empathic sentences."""
    for row in rows:
        response = without_empathic_sentences(row["response"])
        if response is not None:
            yield row | {"response": response}


EMPATHIC_SENTENCE_REMOVED = Variant(
    name="empathic_sentence_removed",
    what="the response without the sentences that hold an empathic cue",
    target=Target(
        "the true score less removed_sentence_costs, at least 1",
        lambda true, targets: max(LOWEST, true - targets.removed_sentence_costs),
    ),
    generate=generate,
    teaches="quality",
)
