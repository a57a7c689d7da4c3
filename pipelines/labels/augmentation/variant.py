"""What every augmentation variant is: a name, what it makes, the score of that, and a generator."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random

from pipelines.data.encoding import MADE_UP
from pipelines.labels.augmentation.pool import Pool, Row
from pipelines.labels.augmentation.targets import Target, TargetSettings

# (true pairs, pool, rng) -> new rows, at most one from each true pair and in their order; a pair from which none can be
# made is passed over. Ids and scores are still those of the true pair.
Generator = Callable[[Iterable[Row], Pool, Random], Iterator[Row]]


@dataclass(frozen=True)
class Variant:
    """One way to make new training pairs from true ones.

    name: what configs and label sources call it. what: one line for people. target: the new pair's score. generate: the
    generator. teaches: what its score teaches a model that has gates, a name of modeling.lessons: the quality of the
        response, that it does not belong in its context, or that this gives no occasion for empathy.
    """

    name: str
    what: str
    target: Target
    generate: Generator
    teaches: str

    @property
    def label_source(self) -> str:
        """The `label_source` of its rows."""
        return f"{MADE_UP}{self.name}"

    def rows(self, given: Iterable[Row], pool: Pool, rng: Random, targets: TargetSettings) -> Iterator[Row]:
        """New rows with their own example ids, label source and score; `conv_id` and `split` are the true pair's."""
        for row in self.generate(given, pool, rng):
            yield row | {
                "example_id": f"{row['example_id']}+{self.name}",
                "label_source": self.label_source,
                "empathy": self.target.score(row["empathy"], targets),
                "teaches": self.teaches,
            }
