"""The true pair, kept as it is. Every augmented training set holds all of them."""

from collections.abc import Iterable, Iterator
from random import Random

from pipelines.labels.augmentation.pool import Pool, Row
from pipelines.labels.augmentation.targets import Target
from pipelines.labels.augmentation.variant import Variant


def generate(rows: Iterable[Row], pool: Pool, rng: Random) -> Iterator[Row]:
    """The rows themselves."""
    yield from rows


TRUE_PAIR = Variant(
    name="true_pair",
    what="the response in its own dialogue, kept as it is",
    target=Target("the true score", lambda true, targets: true),
    generate=generate,
    teaches="quality",
)
