"""Predictions of a module over encoded rows, each row once, in the rows' order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import torch
from accelerate.utils import gather_object, send_to_device
from torch import nn

from pipelines.data.encoding import EncodedExample
from pipelines.errors import NotFiniteError

if TYPE_CHECKING:
    from accelerate import Accelerator

Collate = Callable[[Sequence[EncodedExample]], dict[str, torch.Tensor]]


class EncodedRow(Protocol):
    """What a row of any system has: the ids of its tokens."""

    @property
    def input_ids(self) -> list[int]: ...


Row = TypeVar("Row", bound=EncodedRow)


@dataclass
class Outputs:
    """Of n rows, in their order: named outputs and labels, an array a row; mean loss."""

    outputs: dict[str, list[np.ndarray]]
    labels: dict[str, list[np.ndarray]]
    loss: float


@dataclass
class Predictions:
    """Of n rows: empathy, empathy_true (n,); emotion_logits (n, classes); emotion_true (n,) or (n, classes); mean loss.

    `empathy` or `emotion_logits` is None where the module does not give it.
    """

    empathy: np.ndarray | None
    empathy_true: np.ndarray
    emotion_logits: np.ndarray | None
    emotion_true: np.ndarray
    loss: float


def predict(
    module: nn.Module, rows: Sequence[EncodedExample], collate: Collate, accelerator: "Accelerator"
) -> Predictions:
    """Scores and emotions that a family's `module` gives `rows`; see `gather_outputs`."""
    found = gather_outputs(module, rows, collate, accelerator, ("empathy", "emotion_logits"), ("empathy", "emotion"))
    outputs = {name: np.stack(values) for name, values in found.outputs.items()}
    return Predictions(
        outputs.get("empathy"),
        np.stack(found.labels["empathy"]),
        outputs.get("emotion_logits"),
        np.stack(found.labels["emotion"]),
        found.loss,
    )


def gather_outputs(
    module: nn.Module,
    rows: Sequence[Row],
    collate: Callable[[Sequence[Row]], dict[str, torch.Tensor]],
    accelerator: "Accelerator",
    outputs: Sequence[str],
    labels: Sequence[str],
    batch_size: int = 64,
) -> Outputs:
    """Run `module` in evaluation mode over `rows`, sorted by length to save padding and shared by all processes.

    outputs: names of fields of what the module returns, which are left out where it gives None. labels: names of a
    batch's tensors. The loss is the mean over rows of their batch's loss. The module's mode is put back. Raises
    NotFiniteError where an output is not finite.
    """
    order = sorted(range(len(rows)), key=lambda index: (len(rows[index].input_ids), index))
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    # Unwrapped: a data-parallel forward synchronises the processes, which have different numbers of batches here.
    module = accelerator.unwrap_model(module)
    was_training = module.training
    module.eval()
    parts: list[dict[str, Any]] = []
    with torch.no_grad():
        for indices in batches[accelerator.process_index :: accelerator.num_processes]:
            batch = collate([rows[index] for index in indices])
            output = module(send_to_device(batch, accelerator.device))
            given = {name: output.get(name) for name in outputs}
            parts.append(
                {
                    "index": indices,
                    "loss": float(output.loss),
                    "outputs": {
                        name: list(value.float().cpu().numpy()) for name, value in given.items() if value is not None
                    },
                    "labels": {name: list(batch[name].numpy()) for name in labels},
                }
            )
    module.train(was_training)
    parts = gather_object(parts)
    odd = sum(
        not np.isfinite(value).all() for part in parts for name in part["outputs"] for value in part["outputs"][name]
    )
    if odd:
        raise NotFiniteError(f"expected finite outputs for all of {len(rows)} rows, got {odd} that are NaN or infinite")
    place = np.argsort(np.concatenate([part["index"] for part in parts]))

    def ordered(kind: str, name: str) -> list[np.ndarray]:
        values = [value for part in parts for value in part[kind][name]]
        return [values[index] for index in place]

    return Outputs(
        {name: ordered("outputs", name) for name in parts[0]["outputs"]},
        {name: ordered("labels", name) for name in labels},
        sum(part["loss"] * len(part["index"]) for part in parts) / len(rows),
    )
