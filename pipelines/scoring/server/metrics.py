"""What the server counts, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
PAIRS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Counters of one server."""

    def __init__(self, waiting: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("empathy_requests", "Requests answered", ["path", "status"], registry=self.registry)
        self.seconds = Histogram(
            "empathy_request_seconds", "Time to answer a request", ["path"], buckets=SECONDS, registry=self.registry
        )
        self.batches = Histogram("empathy_batch_pairs", "Pairs scored together", buckets=PAIRS, registry=self.registry)
        self.abstained = Counter("empathy_abstained", "Pairs abstained from", registry=self.registry)
        Gauge("empathy_queue_pairs", "Pairs that wait", registry=self.registry).set_function(waiting)
