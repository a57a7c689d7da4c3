"""Seed utterances of a mechanism: the rationales that people marked in the training rows."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.data.dialogue import clean_text
from pipelines.errors import UserError

SEED_LEVELS = (1, 2)  # weak and strong; a response of level 0 has no rationale


@dataclass(frozen=True)
class SeedUtterances:
    """Seed utterances, in the order of levels and texts.

    texts: distinct within a level.
    levels: 1 or 2, of the response that a text is the rationale of.
    sources: rp_id of the training responses that it was marked in.
    """

    texts: tuple[str, ...]
    levels: tuple[int, ...]
    sources: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.texts)


def find_seeds(rows: pd.DataFrame, max_seeds: int | None = None, seed: int = 17) -> SeedUtterances:
    """The distinct rationales of the training rows by level, whole, as they were marked.

    Args:
        rows: of the training split alone: rp_id, level and rationales (list of texts) are read.
        max_seeds: seed utterances a level at most, the first of the order of `fewer`; None for all.
        seed: of that order.

    Raises:
        UserError: a level has no rationale that holds a letter or a digit.
    """
    sources: dict[tuple[int, str], dict[str, None]] = {}
    for rp_id, level, rationales in zip(rows["rp_id"], rows["level"], rows["rationales"], strict=True):
        for text in map(clean_text, rationales):
            if level in SEED_LEVELS and any(map(str.isalnum, text)):
                sources.setdefault((int(level), text), {})[rp_id] = None
    lacking = [str(level) for level in SEED_LEVELS if not any(found == level for found, _ in sources)]
    if lacking:
        raise UserError(
            f"expected training rows with rationales of the levels {', '.join(map(str, SEED_LEVELS))}, came none of "
            f"level {', '.join(lacking)}; give more rows"
        )
    keys = sorted(sources)
    seeds = SeedUtterances(
        texts=tuple(text for _, text in keys),
        levels=tuple(level for level, _ in keys),
        sources=tuple(tuple(sources[key]) for key in keys),
    )
    return seeds if max_seeds is None else _first(seeds, {level: max_seeds for level in SEED_LEVELS}, seed)


def fewer(seeds: SeedUtterances, share: float, seed: int) -> SeedUtterances:
    """A share of each level's seed utterances, one at least; a smaller share's are among a larger one's.

    Args:
        seeds: to choose from, in random order.
        share: above 0, to 1; rounded up to whole seed utterances.
        seed: of the order; the same for all points of a curve.

    Raises:
        ValueError: the share is out of range.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share: expected a number above 0, to 1, got {share}")
    counts = {level: math.ceil(share * seeds.levels.count(level)) for level in SEED_LEVELS}
    return _first(seeds, counts, seed)


def _first(seeds: SeedUtterances, counts: dict[int, int], seed: int) -> SeedUtterances:
    levels = np.array(seeds.levels)
    kept: list[int] = []
    for level, count in counts.items():
        # A generator for each level: how many one level has must not change the order of the other.
        order = np.random.default_rng([seed, level]).permutation(np.flatnonzero(levels == level))
        kept.extend(sorted(order[:count].tolist()))
    return SeedUtterances(
        texts=tuple(seeds.texts[place] for place in kept),
        levels=tuple(seeds.levels[place] for place in kept),
        sources=tuple(seeds.sources[place] for place in kept),
    )
