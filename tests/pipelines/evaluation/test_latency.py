import time

import pytest
import torch

from pipelines.evaluation.latency import device_name, measure_latency

CPU = torch.device("cpu")


def test_known_durations_are_measured() -> None:
    figures = measure_latency(lambda n: time.sleep(0.002 + 0.001 * n), CPU, "fp32", batch_size=8, repeats=5, warmup=1)
    assert 3.0 <= figures["batch1_median_ms"] <= figures["batch1_p90_ms"] < 30
    assert 8 / 0.040 < figures["throughput_pairs_per_s"] <= 8 / 0.010
    assert (figures["precision"], figures["batch_size"]) == ("fp32", 8)
    assert set(figures) == {
        "device", "precision", "batch1_median_ms", "batch1_p90_ms", "throughput_pairs_per_s", "batch_size",
    }  # fmt: skip


def test_warm_up_is_not_measured() -> None:
    calls: list[int] = []

    def slow_at_first(n: int) -> None:
        time.sleep(0.05 if calls.count(n) < 2 else 0.0)
        calls.append(n)

    figures = measure_latency(slow_at_first, CPU, "fp32", batch_size=4, repeats=3, warmup=2)
    assert calls == [1] * 5 + [4] * 5
    assert figures["batch1_p90_ms"] < 25


def test_the_clock_is_read_only_when_a_gpu_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: events.append("wait"))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Some GPU")

    def clock() -> float:
        events.append("clock")
        return float(len(events))

    monkeypatch.setattr(time, "perf_counter", clock)
    figures = measure_latency(lambda n: events.append("run"), torch.device("cuda", 0), "fp16", repeats=1, warmup=0)
    assert events == ["wait", "clock", "run", "wait", "clock"] * 2
    assert figures["device"] == "Some GPU"


def test_the_cpu_is_named_with_its_threads() -> None:
    name = device_name(CPU)
    assert name.endswith(f", {torch.get_num_threads()} threads")
    assert len(name.split(",")[0]) > 2


def test_counts_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match=r"repeats of at least 1.*got 32, 0, 5"):
        measure_latency(lambda n: None, CPU, "fp32", repeats=0)
