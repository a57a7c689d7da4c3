"""How long the scorer takes, beside one pass of its own encoder over the full dialogue, on this machine.

    python benchmarks/scoring_latency.py --repeats 200

Contexts of 24 tokens and replies of 20, new stretches of the sample corpus in every call, one call after the other in
turn, so that a slow moment of the machine meets all of them. Prints medians in milliseconds and their ratios; --json
writes them to a file. The encoder's pass is that of transformers; the scorer's own is leaner
(pipelines/scoring/encoder.py).
"""

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from modeling.encoder import load_tokenizer
from modeling.views import FULL_DIALOGUE
from pipelines.atomic import write_json
from pipelines.command import run_command
from pipelines.data.sample.reader import read_sample
from pipelines.data.views import context_turns
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.checkpoint import read_model
from pipelines.scoring.reader import pair_row
from pipelines.scoring.turns import context_turns as given_turns

CONTEXT_TOKENS, RESPONSE_TOKENS, CANDIDATES = 24, 20, 10


class Texts:
    """New texts of so many tokens each: stretches of the sample corpus."""

    def __init__(self, scorer: EmpathyScorer) -> None:
        tokenizer = scorer.checkpoint.tokenizer
        rows = [row for split in read_sample(None, frozenset(), strict=True).examples.values() for row in split]
        turns = (text for row in rows for text in (*context_turns(row, "dialogue_context"), row["response"]))
        self.words = " ".join(dict.fromkeys(turns)).split()
        distinct = sorted(set(self.words))
        ids = tokenizer([" " + word for word in distinct], add_special_tokens=False)["input_ids"]
        tokens = {word: len(of_word) for word, of_word in zip(distinct, ids, strict=True)}
        self.tokens = [tokens[word] for word in self.words]
        self.rng = random.Random(0)

    def of(self, tokens: int) -> str:
        while True:
            start = end = self.rng.randrange(len(self.words) - tokens)
            left = tokens
            while left > 0:
                left -= self.tokens[end]
                end += 1
            if not left:
                return " ".join(self.words[start:end])

    def pair(self) -> tuple[str, str]:
        return self.of(CONTEXT_TOKENS), self.of(RESPONSE_TOKENS)


def timed(call: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def medians(calls: dict[str, Callable[[], Callable[[], object]]], repeats: int) -> dict[str, float]:
    """Milliseconds of each call; what makes a call's texts is not timed."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for repeat in range(repeats + max(3, repeats // 10)):
        for name, prepare in calls.items():
            taken = timed(prepare())
            if repeat >= max(3, repeats // 10):  # the first are slow
                found[name].append(taken)
    return {name: statistics.median(values) for name, values in found.items()}


def calls_of(scorer: EmpathyScorer, texts: Texts) -> dict[str, Callable[[], Callable[[], object]]]:
    """What is timed."""

    def pair() -> Callable[[], object]:
        context, reply = texts.pair()
        return lambda: scorer.score(context, reply)

    def seen() -> Callable[[], object]:
        context, reply = texts.pair()
        scorer.score(context, texts.of(RESPONSE_TOKENS))
        return lambda: scorer.score(context, reply)

    def candidates() -> Callable[[], object]:
        context, replies = texts.of(CONTEXT_TOKENS), [texts.of(RESPONSE_TOKENS) for _ in range(CANDIDATES)]
        return lambda: scorer.score_candidates(context, replies)

    def separate() -> Callable[[], object]:
        pairs = [texts.pair() for _ in range(CANDIDATES)]
        return lambda: [scorer.score(context, reply) for context, reply in pairs]

    return {"pair": pair, "pair, context seen": seen, "10 candidates": candidates, "10 separate calls": separate}


def named(calls: dict[str, Callable[[], Callable[[], object]]], precision: str) -> dict[str, Any]:
    """The calls, with the precision in their names."""
    return {f"{call}, {precision}": prepare for call, prepare in calls.items()}


def library_calls(scorer: EmpathyScorer, texts: Texts, context_apart: bool) -> Callable[[], Callable[[], object]]:
    """The encoder, as transformers runs it, over the full dialogue: 44 tokens and the special ones.

    context_apart: called for the context first, which the packed pass saves.
    """
    checkpoint = scorer.checkpoint
    backbone = read_model(checkpoint.folder).encoder.backbone
    tokenizer = load_tokenizer(checkpoint.described["encoder"]["name_or_path"])

    def prepare() -> Callable[[], object]:
        context, reply = texts.pair()
        views = [(context,), (context, reply)] if context_apart else [(context, reply)]
        tokens = [tokenizer(*view, return_tensors="pt") for view in views]

        def run() -> object:
            with torch.inference_mode():
                return [backbone(input_ids=one["input_ids"], attention_mask=one["attention_mask"]) for one in tokens]

        return run

    return prepare


def own_pass(scorer: EmpathyScorer, texts: Texts) -> Callable[[], Callable[[], object]]:
    """The same pass as the scorer itself makes it."""
    tokenizer = load_tokenizer(scorer.checkpoint.described["encoder"]["name_or_path"])

    def prepare() -> Callable[[], object]:
        tokens = tokenizer(*texts.pair(), return_tensors="pt")["input_ids"]
        view_ids = torch.full_like(tokens, FULL_DIALOGUE)

        def run() -> object:
            with torch.inference_mode():
                return scorer.checkpoint.network.encoder(tokens, view_ids)

        return run

    return prepare


def seconds_of_command(checkpoint: str | None, repeats: int) -> float:
    """Median seconds of `empathy score CONTEXT REPLY`, process start included."""
    command = [sys.executable, "-m", "pipelines.score", "I lost my job.", "Oh no, I am sorry."]
    command += [] if checkpoint is None else ["--checkpoint", checkpoint]
    root = Path(__file__).resolve().parents[1]
    run = lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=root)  # noqa: E731
    return statistics.median(timed(run) for _ in range(repeats)) / 1000


def measure(checkpoint: str | None, repeats: int) -> dict[str, Any]:
    """Milliseconds, ratios and what they were measured on."""
    fp32 = EmpathyScorer.from_pretrained(checkpoint)
    int8 = EmpathyScorer.from_pretrained(checkpoint, "int8")
    texts = Texts(fp32)
    one_pass = "encoder pass over the full dialogue, fp32"
    separate = "two calls, context and full dialogue, fp32"
    own = "one pass as the scorer makes it, fp32"
    passes = {
        one_pass: library_calls(fp32, texts, context_apart=False),
        separate: library_calls(fp32, texts, context_apart=True),
        own: own_pass(fp32, texts),
    }
    found = medians(passes | named(calls_of(fp32, texts), "fp32"), repeats)
    # Apart from the others: ONNX Runtime's threads do not sleep at once.
    found |= medians(named(calls_of(int8, texts), "int8"), repeats)
    one = found[one_pass]
    row = fp32.reader.encode([pair_row(given_turns(texts.of(24)), texts.of(20))], fp32.reader.network.views)
    return {
        "milliseconds": found,
        "seconds_of_the_command": seconds_of_command(checkpoint, 3),
        "ratios": {
            "two calls : encoder pass": found[separate] / one,
            "pair : encoder pass": found["pair, fp32"] / one,
            "pair, context seen : encoder pass": found["pair, context seen, fp32"] / one,
            "10 candidates : 10 separate calls": found["10 candidates, fp32"] / found["10 separate calls, fp32"],
            "pair, int8 : fp32": found["pair, int8"] / found["pair, fp32"],
        },
        "tokens_of_a_pair": row["input_ids"].shape[1],
        "repeats": repeats,
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "torch": torch.__version__,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print. Raises UserError where there is no checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", metavar="FOLDER", help="a release; default: the one that is installed")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args(argv)
    found = measure(arguments.checkpoint, arguments.repeats)
    for name, value in found["milliseconds"].items():
        print(f"{value:8.1f} ms  {name}")
    for name, value in found["ratios"].items():
        print(f"{value:8.2f}     {name}")
    print(f"{found['seconds_of_the_command']:8.2f} s   empathy score CONTEXT REPLY, process start included")
    if arguments.json is not None:
        write_json(arguments.json, found)
    return 0


if __name__ == "__main__":
    sys.exit(run_command("scoring_latency", main))
