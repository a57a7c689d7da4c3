"""A small encoder classifier or regressor over texts or text pairs: what several labelling functions are made of.

The encoder is the project's `SharedEncoder`, the plan of the steps, the optimizer and its schedule those of the stages.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import send_to_device, set_seed
from safetensors.torch import load_file, save_file
from torch import nn

from modeling.encoder import SharedEncoder, load_encoder_config, load_tokenizer
from modeling.heads import Head
from modeling.views import pool_view
from pipelines.atomic import write_json, write_with
from pipelines.data.collator import MULTIPLE, pad_rows
from pipelines.data.encoding import encode_pairs, encode_texts
from pipelines.errors import NotFiniteError
from pipelines.progress import progress_bar
from pipelines.scoring.linear import packs
from pipelines.training.batches import plan_epoch
from pipelines.training.configuration import StageSettings
from pipelines.training.optimizer import Stepper, build_optimizer, check_weights

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# (logits (items, outputs), targets as the items gave them, stacked) -> scalar
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
VIEW = 1
RATING_BAR_AFTER = 5  # seconds


@dataclass(frozen=True)
class RaterRecipe:
    """How a rater is trained.

    Args:
        outputs: numbers that it gives for a text or a pair.
        epochs: passes over the examples.
        batch_size: items a step; an item may hold several texts (the turns of a dialogue), whose outputs are averaged.
        learning_rate: highest rate of the encoder (AdamW, warmed up over a tenth of the steps, then linear to 0).
        head_learning_rate: highest rate of the head.
        length: tokens of a text or pair, the oldest are cut.
        dropout: probability, in the head.
    """

    outputs: int
    epochs: int
    batch_size: int = 16
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    length: int = 128
    dropout: float = 0.1


class TextRater(nn.Module):
    """Encoder, mean of the tokens, two-layer head: token ids (texts, length) -> logits (texts, outputs)."""

    def __init__(self, encoder: str, recipe: RaterRecipe) -> None:
        super().__init__()
        self.encoder = SharedEncoder(load_encoder_config(encoder))
        hidden = self.encoder.backbone.config.hidden_size
        self.head = Head(hidden, hidden, recipe.outputs, recipe.dropout)

    def forward(self, input_ids: torch.Tensor, view_ids: torch.Tensor) -> torch.Tensor:
        hidden = self.encoder(input_ids, view_ids)
        return self.head(pool_view(hidden, view_ids, VIEW, "mean"))


def pretrained_encoder(encoder: str) -> SharedEncoder:
    """The shared encoder with its pretrained weights, fp32."""
    shared = SharedEncoder(load_encoder_config(encoder))
    shared.load_pretrained(encoder)
    return shared


def precision_for(device: torch.device) -> Literal["bf16", "fp32"]:
    """What a rater calculates in on this device: bf16, and fp32 on a CPU that has no bf16 kernels of oneDNN.

    Such a CPU, without AVX-512 for one, takes eight times as long in bf16 as in fp32.
    """
    return "bf16" if device.type != "cpu" or packs() else "fp32"


def item_means(outputs: torch.Tensor, item: torch.Tensor) -> torch.Tensor:
    """Mean of the outputs (texts, ...) of each item: (items, ...). item: (texts,), from 0, none left out."""
    counts = torch.bincount(item)
    sums = outputs.new_zeros(len(counts), outputs.shape[1]).index_add_(0, item, outputs)
    return sums / counts[:, None]


def tokenize(
    tokenizer: "PreTrainedTokenizerBase", first: Sequence[str], second: Sequence[str] | None, length: int
) -> list[list[int]]:
    """Token ids of texts, or of pairs (context, response)."""
    if second is None:
        return encode_texts(list(first), tokenizer, length)
    return encode_pairs(list(first), list(second), tokenizer, length)


def _pad(rows: Sequence[list[int]], pad_token_id: int) -> dict[str, torch.Tensor]:
    """Tensors whose sides are multiples of MULTIPLE: a CPU's kernels are compiled anew for every shape."""
    empty: list[list[int]] = [[]] * (-len(rows) % MULTIPLE)
    return pad_rows([*rows, *empty], [[VIEW] * len(row) for row in rows] + empty, pad_token_id)


def train_rater(
    encoder: str,
    items: Sequence[Sequence[list[int]]],
    targets: np.ndarray,
    loss: Loss,
    recipe: RaterRecipe,
    seed: int,
    name: str,
) -> TextRater:
    """Train a rater on `items`, each one or more tokenised texts whose outputs are averaged before the loss.

    targets: (items, ...), row by row what the loss takes. name: what the progress bar is called.
    """
    set_seed(seed)
    rater = TextRater(encoder, recipe)
    rater.encoder = pretrained_encoder(encoder)
    pad = load_tokenizer(encoder).pad_token_id
    lengths = [sum(map(len, item)) for item in items]
    plans = [plan_epoch(lengths, recipe.batch_size, 1, 1, seed, epoch) for epoch in range(recipe.epochs)]
    steps = [step[0][0] for plan in plans for step in plan]
    stage = StageSettings(
        "rater", learning_rate=recipe.learning_rate, head_learning_rate=recipe.head_learning_rate, epochs=recipe.epochs
    )
    optimizer, schedule = build_optimizer(rater, stage, len(steps))
    bf16 = precision_for(PartialState().device) == "bf16"
    accelerator = Accelerator(mixed_precision="bf16" if bf16 else "no")
    rater, optimizer = accelerator.prepare(rater, optimizer)
    rater.train()
    stepper = Stepper(rater, optimizer, schedule, stage.max_grad_norm, accelerator)
    for number, indices in enumerate(progress_bar(steps, desc=f"  {name}", unit="step"), start=1):
        texts = [row for index in indices for row in items[index]]
        item = [place for place, index in enumerate(indices) for _ in items[index]]
        batch = send_to_device(_pad(texts, pad), accelerator.device)
        output = item_means(rater(**batch)[: len(texts)].float(), torch.tensor(item, device=accelerator.device))
        value = loss(output, torch.tensor(targets[indices], device=accelerator.device))
        accelerator.backward(value)
        try:
            stepper.step([float(value.detach())])
            if number == len(steps):
                check_weights(rater)
        except NotFiniteError as error:
            rate = max(schedule.get_last_lr())
            raise NotFiniteError(f"rater {name}, step {number}: {error} (learning rate {rate:g}); not kept") from error
    return accelerator.unwrap_model(rater, keep_fp32_wrapper=False).eval()


def rate(rater: nn.Module, rows: Sequence[list[int]], pad_token_id: int, batch_size: int = 64) -> np.ndarray:
    """Logits (rows, outputs) of tokenised texts, in their order. A slow one has a progress bar."""
    order = sorted(range(len(rows)), key=lambda index: (len(rows[index]), index))
    parts = []
    device = next(rater.parameters()).device
    bf16 = precision_for(device) == "bf16"
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        starts = range(0, len(order), batch_size)
        for start in progress_bar(starts, desc="  rating", unit="batch", delay=RATING_BAR_AFTER):
            chosen = order[start : start + batch_size]
            batch = _pad([rows[index] for index in chosen], pad_token_id)
            parts.append(rater(**send_to_device(batch, device))[: len(chosen)].float().cpu())
    values = torch.cat(parts).numpy()
    return values[np.argsort(order)]


def embed(encoder: str, rows: Sequence[list[int]], pad_token_id: int, batch_size: int = 64) -> np.ndarray:
    """Mean-pooled embeddings of unit length (rows, hidden) from the encoder as it comes, in the rows' order."""
    module = _Embedder(encoder).eval().to(PartialState().device)
    return rate(module, rows, pad_token_id, batch_size)


class _Embedder(nn.Module):
    def __init__(self, encoder: str) -> None:
        super().__init__()
        self.encoder = pretrained_encoder(encoder)

    def forward(self, input_ids: torch.Tensor, view_ids: torch.Tensor) -> torch.Tensor:
        pooled = pool_view(self.encoder(input_ids, view_ids), view_ids, VIEW, "mean").float()
        return nn.functional.normalize(pooled, dim=1)


def load_or_train(
    folder: Path,
    encoder: str,
    recipe: RaterRecipe,
    data: Callable[[], tuple[Sequence[Sequence[list[int]]], np.ndarray]],
    loss: Loss,
    seed: int,
    name: str,
) -> TextRater:
    """The rater that `folder` holds; where it holds none, one trained on `data()`, (items, targets), and kept there.

    `folder` must stand for all that the rater depends on: its content is not compared with the arguments.
    """
    weights = folder / "model.safetensors"
    device = PartialState().device
    if weights.is_file():
        rater = TextRater(encoder, recipe)
        rater.load_state_dict(load_file(weights))
        return rater.to(device).eval()
    items, targets = data()
    rater = train_rater(encoder, items, targets, loss, recipe, seed, name)
    state = {key: value.detach().cpu().contiguous() for key, value in rater.state_dict().items()}
    described = {"encoder": encoder, "recipe": asdict(recipe), "seed": seed, "items": len(items)}
    write_json(folder / "rater.json", described | {"precision": precision_for(device)})
    write_with(weights, lambda path: save_file(state, path))
    return rater
