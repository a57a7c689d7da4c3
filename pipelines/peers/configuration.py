"""Settings that all peers share; each peer's own file adds its data and its network's options."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.errors import UserError
from pipelines.training.configuration import RunSettings, StageSettings


@dataclass
class SplitDataSettings:
    """A corpus without splits of its own: each seed cuts it anew.

    Args:
        path: folder or file of the corpus.
        exclude_ids: file of ids that are left out; auto for data/reserved_ids.json, where there is one.
        shares: of the rows for train, valid and test; rows of one post stay together.
    """

    path: str
    exclude_ids: str | None = None
    shares: list[float] = field(default_factory=lambda: [0.75, 0.05, 0.20])

    def __post_init__(self) -> None:
        if len(self.shares) != 3 or min(self.shares) <= 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise UserError(
                f"data.shares: expected three shares above 0 that add up to 1 (train, valid, test), got {self.shares}"
            )

    def split(self, groups: Sequence[str], seed: int) -> list[str]:
        """The split of each row, another cut for each seed; rows of one group stay together.

        Raises UserError where there are too few groups for three splits.
        """
        from pipelines.data.random_splits import random_splits

        first, second, third = self.shares
        try:
            return random_splits(groups, (first, second, third), seed)
        except ValueError as error:
            raise UserError(f"{self.path}: {error}; give more rows, or other data.shares") from error


def fine_tuning(objective: str) -> list[StageSettings]:
    """The one stage of most peers: encoder and heads, fine-tuned together."""
    return [StageSettings(objective, epochs=4, batch_size=16, learning_rate=1e-4, head_learning_rate=1e-3)]


@dataclass(kw_only=True)
class PeerSettings(RunSettings):
    """One peer, trained once for each seed.

    Args:
        peer: name of the system; its runs are called <peer>-<variant>-seed<seed>.
    """

    peer: str

    @property
    def variant(self) -> str:
        """Short name of the options that a table compares."""
        raise NotImplementedError

    def cell_name(self, seed: int) -> str:
        """<peer>-<variant>-seed<seed>"""
        return f"{self.peer}-{self.variant}-seed{seed}"
