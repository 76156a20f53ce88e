"""Counts what the service does and what it is fed: requests, times, rows, missing, unknown and out-of-range values.

Counting must cost microseconds, so matrices are kept and looked at in batches, and Prometheus' library is loaded when
metrics are first asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from threading import Lock
from typing import TYPE_CHECKING, Any

from .manifest import Manifest
from .served import Watch

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Monitor:
    """`observe` after each request, `fed` for what was read and answered. Large requests call it from threads."""

    def __init__(self, manifest: Manifest, watch: Watch) -> None:
        self.in_flight = 0
        self.requests: Counter[tuple[str, int]] = Counter()
        self.rows = 0
        self._manifest = manifest
        self._times = [0] * (len(BUCKETS_S) + 1)
        self._seconds = 0.0
        self._watch = watch
        self._lock = Lock()
        self._registry: CollectorRegistry | None = None

    def observe(self, path: str, status: int, seconds: float) -> None:
        """A request is over. Only /predict and infer are timed."""
        self.requests[path, status] += 1
        if path in ("/predict", "infer"):
            self._times[bisect_left(BUCKETS_S, seconds)] += 1
            self._seconds += seconds

    def fed(self, x: Any, y: Any) -> None:
        """Rows that were answered, as `Served.answer` gives them; x has the length of the rows."""
        with self._lock:
            self.rows += len(x)
            self._watch.add(x, y)

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

        if self._registry is None:
            self._registry = CollectorRegistry()
            ProcessCollector(registry=self._registry)
            self._registry.register(self)
        return generate_latest(self._registry)

    def describe(self) -> list[Any]:
        """Nothing to declare before the first look."""
        return []

    def collect(self) -> Iterator[Any]:
        """Prometheus' collector protocol."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        info = GaugeMetricFamily("model_info", "The model that is served", labels=["name", "version", "task"])
        info.add_metric([self._manifest.name, self._manifest.version, self._manifest.task_type], 1)
        yield info
        requests = CounterMetricFamily("model_requests", "Requests answered", labels=["path", "status"])
        errors = CounterMetricFamily("model_request_errors", "Requests refused or failed", labels=["status"])
        failed: Counter[int] = Counter()
        for (path, status), count in sorted(self.requests.items()):
            requests.add_metric([path, str(status)], count)
            failed[status] += count if status >= 400 else 0
        for status, count in sorted(failed.items()):
            if count:
                errors.add_metric([str(status)], count)
        yield from (requests, errors)
        yield GaugeMetricFamily("model_requests_in_flight", "Predictions being worked on now", self.in_flight)
        yield CounterMetricFamily("model_rows", "Rows answered", value=self.rows)
        times = HistogramMetricFamily(
            "model_request_seconds", "Time to answer a prediction request, body in to body out"
        )
        times.add_metric([], self._cumulated(), sum_value=self._seconds)
        yield times
        with self._lock:
            yield from list(self._watch.collect())

    def _cumulated(self) -> list[tuple[str, float]]:
        total, out = 0, []
        for bound, count in zip((*BUCKETS_S, "+Inf"), self._times, strict=True):
            total += count
            out.append((str(bound), float(total)))
        return out
