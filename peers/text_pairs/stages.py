"""The one stage of a rater of text pairs."""

from collections.abc import Callable, Mapping

from torch import Tensor

from peers.text_pairs.model import TextPairsModel, TextPairsOutput


def _rating_loss(model: TextPairsModel, batch: Mapping[str, Tensor]) -> TextPairsOutput:
    return model(batch["input_ids"], batch["view_ids"], level=batch["level"], target=batch["target"])


OBJECTIVES: dict[str, Callable[[TextPairsModel, Mapping[str, Tensor]], TextPairsOutput]] = {"rating": _rating_loss}
