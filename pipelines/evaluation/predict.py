"""Predictions of a module over encoded rows, each row once, in the rows' order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from accelerate.utils import gather_object, send_to_device
from torch import nn

from pipelines.data.encoding import EncodedExample

if TYPE_CHECKING:
    from accelerate import Accelerator


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
    module: nn.Module,
    rows: Sequence[EncodedExample],
    collate: Callable[[Sequence[EncodedExample]], dict[str, torch.Tensor]],
    accelerator: "Accelerator",
    batch_size: int = 64,
) -> Predictions:
    """Run `module` in evaluation mode over `rows`, sorted by length to save padding and shared by all processes.

    The loss is the mean over rows of their batch's loss. The module's mode is put back.
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
            parts.append(
                {
                    "index": indices,
                    "loss": float(output.loss),
                    "empathy": _array(output.empathy),
                    "emotion_logits": _array(output.emotion_logits),
                    "empathy_true": batch["empathy"].numpy(),
                    "emotion_true": batch["emotion"].numpy(),
                }
            )
    module.train(was_training)
    parts = gather_object(parts)
    index = np.concatenate([part["index"] for part in parts])
    loss = sum(part["loss"] * len(part["index"]) for part in parts) / len(rows)

    def ordered(name: str) -> np.ndarray | None:
        if parts[0][name] is None:
            return None
        stacked = np.concatenate([part[name] for part in parts])
        return stacked[np.argsort(index)]

    empathy_true, emotion_true = ordered("empathy_true"), ordered("emotion_true")
    assert empathy_true is not None
    assert emotion_true is not None
    return Predictions(ordered("empathy"), empathy_true, ordered("emotion_logits"), emotion_true, loss)


def _array(tensor: torch.Tensor | None) -> np.ndarray | None:
    return None if tensor is None else tensor.float().cpu().numpy()
