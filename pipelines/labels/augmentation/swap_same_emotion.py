"""The response of another dialogue of the same emotion: its tone fits, what it speaks of does not."""

from collections.abc import Iterable, Iterator
from random import Random

from pipelines.labels.augmentation.pool import Pool, Row
from pipelines.labels.augmentation.targets import Target
from pipelines.labels.augmentation.variant import Variant


def generate(rows: Iterable[Row], pool: Pool, rng: Random) -> Iterator[Row]:
    """Rows with a response from another dialogue of their emotion, at the same turn where there is one."""
    for row in rows:
        response = pool.same_emotion(row, rng)
        if response is not None:
            yield row | {"response": response}


SWAP_SAME_EMOTION = Variant(
    name="swap_same_emotion",
    what="the response of another training dialogue of the same emotion",
    target=Target("swap_same_emotion", lambda true, targets: targets.swap_same_emotion),
    generate=generate,
    teaches="belonging",
)
