"""The response of a dialogue of another emotion in place of the true one."""

from collections.abc import Iterable, Iterator
from random import Random

from pipelines.labels.augmentation.pool import Pool, Row
from pipelines.labels.augmentation.targets import Target
from pipelines.labels.augmentation.variant import Variant


def generate(rows: Iterable[Row], pool: Pool, rng: Random) -> Iterator[Row]:
    """Rows with a response from a dialogue of another emotion, at the same turn where there is one."""
    for row in rows:
        response = pool.different_emotion(row, rng)
        if response is not None:
            yield row | {"response": response}


SWAP_DIFFERENT_EMOTION = Variant(
    name="swap_different_emotion",
    what="the response of a training dialogue of a different emotion",
    target=Target("swap_different_emotion", lambda true, targets: targets.swap_different_emotion),
    generate=generate,
    teaches="belonging",
)
