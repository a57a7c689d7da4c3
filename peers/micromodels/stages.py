"""The one stage of the micromodels: the boosting machine is fitted. No gradient, so no loss to minimise."""

from collections.abc import Callable, Mapping
from typing import Any

from peers.micromodels.model import MicromodelsModel


def _fit(model: MicromodelsModel, rows: Mapping[str, Any]) -> MicromodelsModel:
    return model.fit(rows["features"], rows["level"])


# Unlike a network's objective, one takes all training rows at once: "features" (rows, features), a data frame, and
# "level" (rows,).
OBJECTIVES: dict[str, Callable[[MicromodelsModel, Mapping[str, Any]], MicromodelsModel]] = {"fit": _fit}
