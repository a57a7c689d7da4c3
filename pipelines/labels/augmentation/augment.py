"""From the true pairs of a training stage to its made-up pairs."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from pipelines.errors import UserError
from pipelines.labels.augmentation.pool import Pool, Row
from pipelines.labels.augmentation.true_pair import TRUE_PAIR
from pipelines.labels.augmentation.variants import VARIANTS
from pipelines.training.configuration import AugmentationSettings


@dataclass(frozen=True)
class Augmentation:
    """Rows made beside the true pairs, which stay.

    rows: with the columns of EXAMPLE_FEATURES, `emotion` as its class id or None, and `teaches`. made, wanted:
        counts by variant; less are made than wanted where too few pairs allow it.
    """

    rows: list[Row]
    made: dict[str, int]
    wanted: dict[str, int]

    def fingerprint(self) -> str:
        """Sha256 (hex) over every row."""
        digest = hashlib.sha256()
        for row in self.rows:
            digest.update(json.dumps(row, sort_keys=True).encode())
        return digest.hexdigest()

    def line(self) -> str:
        """What was made, for people."""
        parts = [
            f"{name} {made:,}" + (f" of {self.wanted[name]:,} wanted" if made < self.wanted[name] else "")
            for name, made in self.made.items()
        ]
        return f"augmentation: {', '.join(parts)}"


def check_variants(settings: AugmentationSettings) -> None:
    """Raise UserError for a variant that is not registered, or the true pairs, of which all are always there."""
    known = [name for name in VARIANTS if name != TRUE_PAIR.name]
    for name in settings.variants:
        if name == TRUE_PAIR.name:
            raise UserError(f"data.augmentation.variants: true pairs are always kept, leave out {name}")
        if name not in known:
            raise UserError(f"data.augmentation.variants: expected some of {', '.join(known)}, got {name!r}")


def augment(rows: Sequence[Row], settings: AugmentationSettings, comments: Sequence[str] = ()) -> Augmentation:
    """Make the rows that `settings` ask for from `rows`, the training examples of a stage, each with a score.

    The same rows and settings give the same result, and one variant's rows do not depend on which others are made.
    `comments` are neutral comments for `phrase_in_neutral`; without any, all its exchanges are invented. Raises
    UserError for an unknown variant.
    """
    check_variants(settings)
    pool = Pool(rows, comments)
    new: list[Row] = []
    made: dict[str, int] = {}
    wanted: dict[str, int] = {}
    for name, variant in VARIANTS.items():
        if name not in settings.variants:
            continue
        rng = Random(f"{settings.seed}/{name}")
        wanted[name] = round(settings.variants[name] * len(rows))
        given = rng.sample(rows, len(rows))
        variant_rows = list(islice(variant.rows(given, pool, rng, settings.targets), wanted[name]))
        made[name] = len(variant_rows)
        new += variant_rows
    return Augmentation(new, made, wanted)
