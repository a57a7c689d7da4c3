"""What a labelling function is: a named, versioned source of signals about every listener turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.labels.configuration import LabelSettings


@dataclass(frozen=True)
class LabellingFunction:
    """One source of weak evidence on how empathic a listener turn is.

    name, version: a new version where the values would come out differently. source: the paper or page of the method
    and of its data. values: column -> what it says, with its unit. reads: the columns of the turns that the values
    depend on. compute: (turns, settings, folder) -> a frame with those columns, a row for each turn, NaN where the
    function abstains; `folder` is its own, and what it leaves there (a trained rater) is found again by a run that goes
    on. files: the files and folders that the values depend on besides the dialogues. uses_encoder: whether
    settings.encoder and settings.seed matter. learns: whether it learns from its files, without the excluded ids.
    """

    name: str
    version: int
    source: str
    values: Mapping[str, str]
    reads: tuple[str, ...]
    compute: Callable[[pd.DataFrame, LabelSettings, Path], pd.DataFrame]
    files: Callable[[LabelSettings], list[Path]] = lambda settings: []
    uses_encoder: bool = False
    learns: bool = True
