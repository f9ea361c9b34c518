"""The figures of a server, for Prometheus: counts and times by route, with no name of anybody in them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Meters:
    """What is counted."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "counterfoil_http_requests", "Requests answered, by method, route and status.",
            ("method", "route", "status"), registry=self._registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "counterfoil_http_request_seconds", "How long requests took, by route; long polls by one of their own.",
            ("route",), buckets=BUCKETS_S, registry=self._registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "counterfoil_waiting", "Long polls that wait for a decision.", registry=self._registry
        )
        self.receipts = Gauge("counterfoil_receipts", "Receipts in the ledger.", registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request."""
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def total(self) -> int:
        """Returns how many requests were answered so far."""
        samples = [sample for metric in self.requests.collect() for sample in metric.samples]
        return int(sum(sample.value for sample in samples if sample.name.endswith("_total")))

    def text(self) -> bytes:
        """Returns all figures in Prometheus's text format."""
        return generate_latest(self._registry)
