"""Everyday exchanges that call for no empathy, each once as it is and once with an empathic phrase put in."""

from collections.abc import Iterable, Iterator
from random import Random

from pipelines.labels.augmentation.neutral_exchanges import invent_exchange
from pipelines.labels.augmentation.phrases import with_phrase
from pipelines.labels.augmentation.pool import Pool, Row
from pipelines.labels.augmentation.targets import Target
from pipelines.labels.augmentation.variant import Variant

ROLES = ("speaker", "listener")


def generate(rows: Iterable[Row], pool: Pool, rng: Random) -> Iterator[Row]:
    """Neutral exchanges in place of the rows' dialogues, without an emotion.

    Every second exchange is two comments of the pool, where it has any; the others are invented. Two rows share an
    exchange, so that the phrase is all that tells them apart.
    """
    turns: list[str] | None = None
    for number, row in enumerate(rows):
        if number % 2 == 0:
            from_comments = len(pool.comments) > 1 and number % 4 == 0
            turns = rng.sample(pool.comments, 2) if from_comments else invent_exchange(rng)
        assert turns is not None
        *context, response = turns
        yield row | {
            # The first utterance stands in for a situation: an empty one would give the variant away.
            "situation": context[0],
            "dialogue_context": [{"role": ROLES[k % 2], "text": text} for k, text in enumerate(context)],
            "response": response if number % 2 == 0 else with_phrase(response, rng),
            "emotion": None,
        }


PHRASE_IN_NEUTRAL = Variant(
    name="phrase_in_neutral",
    what="an everyday, technical or service exchange, once as it is and once with an empathic phrase put in",
    target=Target("phrase_in_neutral", lambda true, targets: targets.phrase_in_neutral),
    generate=generate,
    teaches="occasion",
)
