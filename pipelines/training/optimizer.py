"""AdamW with a rate for the encoder and one for the heads, and its schedule."""

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_linear_schedule_with_warmup

from pipelines.training.configuration import StageSettings


def build_optimizer(module: nn.Module, stage: StageSettings, steps: int) -> tuple[torch.optim.AdamW, LambdaLR]:
    """The optimizer of a stage and its schedule over `steps` optimizer steps: linear warm-up, then linear decay.

    Parameters are grouped by encoder or head (their learning rates) and by matrix or vector (only matrices decay).
    """
    head_rate = stage.learning_rate if stage.head_learning_rate is None else stage.head_learning_rate
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:  # of an encoder below an adapter
            continue
        rate = stage.learning_rate if "encoder.backbone." in name else head_rate
        decay = stage.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    # Fused: on two cores the step over the word embeddings costs more than a forward pass otherwise.
    optimizer = torch.optim.AdamW(
        [{"params": parameters, "lr": rate, "weight_decay": decay} for (rate, decay), parameters in groups.items()],
        fused=True,
    )
    return optimizer, get_linear_schedule_with_warmup(optimizer, round(stage.warmup * steps), steps)
