"""The one stage of the bi-encoder: each response is to be found by its context among those of the batch."""

from collections.abc import Callable, Mapping

import torch

from peers.retrieval.model import RetrievalModel, RetrievalOutput


def _retrieval_loss(model: RetrievalModel, batch: Mapping[str, torch.Tensor]) -> RetrievalOutput:
    # Called as a module, so that what accelerate wraps around it (autocast, gradients across processes) takes part.
    return model(batch["input_ids"], batch["view_ids"], dialogue=batch["dialogue"])


OBJECTIVES: dict[str, Callable[[RetrievalModel, Mapping[str, torch.Tensor]], RetrievalOutput]] = {
    "retrieval": _retrieval_loss
}
