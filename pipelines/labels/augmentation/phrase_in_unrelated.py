"""A response from a dialogue of another emotion, with an empathic phrase put in."""

from collections.abc import Iterable, Iterator
from random import Random

from pipelines.labels.augmentation.phrases import with_phrase
from pipelines.labels.augmentation.pool import Pool, Row
from pipelines.labels.augmentation.targets import Target
from pipelines.labels.augmentation.variant import Variant


def generate(rows: Iterable[Row], pool: Pool, rng: Random) -> Iterator[Row]:
    """Rows with a swapped response and a phrase before, after or within it."""
    for row in rows:
        response = pool.different_emotion(row, rng)
        if response is not None:
            yield row | {"response": with_phrase(response, rng)}


PHRASE_IN_UNRELATED = Variant(
    name="phrase_in_unrelated",
    what="the response of a training dialogue of a different emotion, with an empathic phrase put in",
    target=Target("phrase_in_unrelated", lambda true, targets: targets.phrase_in_unrelated),
    generate=generate,
    teaches="belonging",
)
