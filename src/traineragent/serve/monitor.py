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

import numpy as np
from numpy.typing import NDArray

from .answers import Answering
from .codecs.table import TableCodec
from .manifest import Manifest

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LOOK_AT = 1024  # rows kept before they are looked at


class Monitor:
    """`observe` after each request, `fed` for each matrix that was answered. Large requests call it from threads."""

    def __init__(self, manifest: Manifest, codec: TableCodec, answering: Answering) -> None:
        self.in_flight = 0
        self.requests: Counter[tuple[str, int]] = Counter()
        self.rows = 0
        self._manifest = manifest
        self._times = [0] * (len(BUCKETS_S) + 1)
        self._seconds = 0.0
        self._watch = Watch(manifest, codec, answering)
        self._lock = Lock()
        self._registry: CollectorRegistry | None = None

    def observe(self, path: str, status: int, seconds: float) -> None:
        """A request is over. Only /predict and infer are timed."""
        self.requests[path, status] += 1
        if path in ("/predict", "infer"):
            self._times[bisect_left(BUCKETS_S, seconds)] += 1
            self._seconds += seconds

    def fed(self, x: NDArray[np.float32], y: NDArray[Any]) -> None:
        """Rows that were answered: x (rows, features), y (rows, outputs)."""
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


class Watch:
    """What rows held and what was answered, compared with training: the first signs of drift."""

    def __init__(self, manifest: Manifest, codec: TableCodec, answering: Answering) -> None:
        self._manifest, self._answering = manifest, answering
        columns = manifest.columns
        starts = np.cumsum([0, *(len(c.features) for c in columns)])[:-1]
        self._places = np.array(starts, dtype=np.intp)
        self._texts = np.array([c.kind == "text" for c in columns], dtype=bool)
        self._other = np.array([len(c.categories) if c.kind == "category" else np.inf for c in columns])
        low = [c.low if c.kind == "number" and c.low is not None else -np.inf for c in columns]
        high = [c.high if c.kind == "number" and c.high is not None else np.inf for c in columns]
        self._low, self._high = _widened(low, -np.inf), _widened(high, np.inf)
        self._kept: list[tuple[NDArray[np.float32], NDArray[Any]]] = []
        self._rows = 0
        self.missing, self.unknown, self.outside = (np.zeros(len(columns), dtype=np.int64) for _ in range(3))
        self.labels = np.zeros(len(manifest.target.labels), dtype=np.int64)
        self.values, self.value_sum = 0, 0.0

    def add(self, x: NDArray[np.float32], y: NDArray[Any]) -> None:
        self._kept.append((x[:, self._places] if x.shape[1] > 2 * len(self._places) else x, y))
        self._rows += len(x)
        if self._rows >= _LOOK_AT:
            self._look()

    def _look(self) -> None:
        kept, self._kept, self._rows = self._kept, [], 0
        if not kept:
            return
        firsts = np.concatenate([x if x.shape[1] == len(self._places) else x[:, self._places] for x, _ in kept])
        empty = np.isnan(firsts) | ((firsts == 0) & self._texts)
        self.missing += empty.sum(axis=0)
        self.unknown += (firsts == self._other).sum(axis=0)
        self.outside += ((firsts < self._low) | (firsts > self._high)).sum(axis=0)
        answers = self._answering.arrays(np.concatenate([y for _, y in kept]))
        if answers.labels is not None:
            self.labels += np.bincount(answers.labels, minlength=len(self.labels))
        else:
            self.values += len(answers.scores)
            self.value_sum += float(answers.scores.sum())

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, SummaryMetricFamily

        self._look()
        families = (
            ("model_values_missing", "Values that were missing", self.missing, ""),
            ("model_values_unknown", "Categories never seen in training", self.unknown, "category"),
            ("model_values_out_of_range", "Numbers outside the range seen in training", self.outside, "number"),
        )
        for name, words, counts, kind in families:
            family = CounterMetricFamily(name, words, labels=["column"])
            for column, count in zip(self._manifest.columns, counts.tolist(), strict=True):
                if kind in ("", column.kind):
                    family.add_metric([column.name], count)
            yield family
        if self._manifest.classifies:
            answers = CounterMetricFamily("model_predictions", "Answers given", labels=["label"])
            for key, count in zip(self._manifest.probability_keys, self.labels.tolist(), strict=True):
                answers.add_metric([key], count)
            yield answers
        else:
            yield SummaryMetricFamily(
                "model_predicted_value", "Values answered", count_value=self.values, sum_value=self.value_sum
            )


def _widened(bounds: list[float], away: float) -> NDArray[np.float64]:
    """One float32 step outwards, so that the extreme value of training itself is not outside."""
    return np.nextafter(np.array(bounds, dtype=np.float32), np.float32(away)).astype(np.float64)
