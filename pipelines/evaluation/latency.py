"""How long a model takes to score a pair, with the device it was measured on."""

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

FEWEST, LONGEST = 5, 1.0  # repeats that there are in any case, and seconds after which there are no more


def measure_latency(
    run_batch: Callable[[int], None],
    device: torch.device,
    precision: str,
    batch_size: int = 32,
    repeats: int = 30,
    warmup: int = 5,
) -> dict[str, Any]:
    """Time `run_batch(n)`, which scores n pairs from text to score, at batch 1 and at `batch_size`.

    Returns the device's name, the precision, median and 90th percentile of a single pair in milliseconds, and the pairs
    a second at `batch_size` (from its median). Each of the two is run `warmup` times unmeasured, then `repeats` times,
    or fewer where they take long. An accelerator works behind the caller's back: the clock is read once it is idle.
    Raises ValueError where a count is not positive (`warmup` may be 0).
    """
    if batch_size < 1 or repeats < 1 or warmup < 0:
        raise ValueError(
            "expected batch_size and repeats of at least 1 and warmup of at least 0; "
            f"got {batch_size}, {repeats}, {warmup}"
        )
    single = _seconds(run_batch, 1, device, repeats, warmup)
    batch = _seconds(run_batch, batch_size, device, repeats, warmup)
    return {
        "device": device_name(device),
        "precision": precision,
        "batch1_median_ms": float(np.median(single)) * 1000,
        "batch1_p90_ms": float(np.percentile(single, 90)) * 1000,
        "throughput_pairs_per_s": batch_size / float(np.median(batch)),
        "batch_size": batch_size,
    }


def device_name(device: torch.device) -> str:
    """The model of the GPU, or of the CPU with the number of threads that torch uses."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        return f"{_cpu_model()}, {torch.get_num_threads()} threads"
    return device.type


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name" and value.strip():
                return value.strip()
    return platform.processor() or platform.machine() or "unknown CPU"


def _seconds(run_batch: Callable[[int], None], n: int, device: torch.device, repeats: int, warmup: int) -> np.ndarray:
    ends = time.perf_counter() + LONGEST if warmup else 0.0
    for _ in range(warmup):
        run_batch(n)
        if time.perf_counter() > ends:
            break
    times: list[float] = []
    while len(times) < repeats and (len(times) < FEWEST or sum(times) < LONGEST):
        _wait_for(device)
        start = time.perf_counter()
        run_batch(n)
        _wait_for(device)
        times.append(time.perf_counter() - start)
    return np.array(times)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type != "cpu":
        torch.accelerator.synchronize(device)
