"""What tables' rows held and what was answered, compared with training: the first signs of drift.

Matrices are kept and looked at in batches, so that watching costs about a microsecond a request.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .answers import Answering
from .manifest import Manifest

_LOOK_AT = 1024  # rows kept before they are looked at


class TableWatch:
    """What rows held and what was answered, compared with training: the first signs of drift."""

    def __init__(self, manifest: Manifest, answering: Answering) -> None:
        self._manifest, self._answering = manifest, answering
        self._columns = columns = [c for c in manifest.columns if c.features]
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
        if answers.labels is not None and answers.labels.ndim == 2:
            self.labels += answers.labels.sum(axis=0)
        elif answers.labels is not None:
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
            for column, count in zip(self._columns, counts.tolist(), strict=True):
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
