"""What the graph computed, as answers: labels with probabilities, or values with intervals.

As arrays for evaluation, as objects for Python, and as JSON text for HTTP, where formatting is most of the work.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .manifest import Manifest

Float64 = NDArray[np.float64]
_BROKEN = "the model computed something that is no number for these rows"


class BrokenAnswer(Exception):
    """The graph gave NaN or infinity: a defect of the model, never of the request."""


@dataclass(frozen=True)
class Answers:
    """Answers for many rows. `scores` (rows, classes) probabilities or (rows,) values; `labels` class indices
    (rows,) for classes, or 0 and 1 (rows, classes) where a row may have several; `intervals` (rows, 2) for values with
    intervals."""

    scores: Float64
    labels: NDArray[np.intp] | None = None
    intervals: Float64 | None = None


class Answering(Protocol):
    """Turns the graph's output y (rows, outputs) into answers."""

    def arrays(self, y: NDArray[Any]) -> Answers: ...

    def objects(self, y: NDArray[Any]) -> list[dict[str, Any]]: ...

    def text(self, y: NDArray[Any]) -> str:
        """The JSON objects, joined by commas."""


class ClassAnswering:
    """Labels and probabilities. Binary: the positive class from its threshold on; else the largest (weighted)."""

    def __init__(self, manifest: Manifest) -> None:
        target, decision = manifest.target, manifest.decision
        self._labels = target.labels
        self._positive = target.positive if target.positive is not None else 1
        binary = len(target.labels) == 2
        self._threshold = decision.threshold if binary else None
        # in float32, as in the graph: near ties must not fall one way here and the other way there
        self._weights = np.array(decision.weights, dtype=np.float32) if decision.weights else None
        self._keys = manifest.probability_keys
        self._certainty = np.array(manifest.settings.get("certainty", ()))
        more = ',"familiarity":%.3g' if len(self._certainty) else ""
        body = ",".join(_escape(json.dumps(k, ensure_ascii=False)) + ":%.6g" for k in self._keys)
        self._templates = [
            f'{{"label":{_escape(json.dumps(label, ensure_ascii=False))},"probabilities":{{{body}}}{more}}}'
            for label in target.labels
        ]

    def arrays(self, y: NDArray[Any]) -> Answers:
        scores = y.astype(np.float64)
        return Answers(scores, np.array([self._choose(p) for p in scores.tolist()], dtype=np.intp))

    def _choose(self, p: list[float]) -> int:
        if self._threshold is not None:
            return self._positive if p[self._positive] >= self._threshold else 1 - self._positive
        if self._weights is not None:
            return int((self._weights * np.array(p, dtype=np.float32)).argmax())
        return p.index(max(p))

    def objects(self, y: NDArray[Any]) -> list[dict[str, Any]]:
        _check(y)
        found = [{"label": self._labels[self._choose(p)], "probabilities": self._named(p)} for p in y.tolist()]
        if len(self._certainty):
            found = [{**f, "familiarity": _short(self._familiar(p), 3)} for f, p in zip(found, y.tolist(), strict=True)]
        return found

    def _familiar(self, p: list[float]) -> float:
        """Share of the texts of training that were answered with no more certainty: near 0 for what is none of the
        classes."""
        return float(np.searchsorted(self._certainty, max(p), side="right")) / len(self._certainty)

    def _named(self, p: list[float]) -> dict[str, float]:
        return {k: _short(v, 6) for k, v in zip(self._keys, p, strict=True)}

    def text(self, y: NDArray[Any]) -> str:
        _check(y)
        choose, templates = self._choose, self._templates
        if len(self._certainty):
            return ",".join([templates[choose(p)] % (*p, self._familiar(p)) for p in y.tolist()])
        return ",".join([templates[choose(p)] % tuple(p) for p in y.tolist()])


class SeveralAnswering:
    """Any number of labels a row, each from its own threshold on, likeliest first, with all probabilities."""

    def __init__(self, manifest: Manifest) -> None:
        labels, decision = manifest.target.labels, manifest.decision
        self._labels, self._keys, self._always = labels, manifest.probability_keys, decision.always
        self._thresholds = np.array(decision.thresholds or [0.5] * len(labels), dtype=np.float32)

    def arrays(self, y: NDArray[Any]) -> Answers:
        scores = y.astype(np.float64)
        said = y >= self._thresholds
        if self._always:
            share = y / self._thresholds
            said |= share >= share.max(axis=1, keepdims=True)
        return Answers(scores, said.astype(np.intp))

    def objects(self, y: NDArray[Any]) -> list[dict[str, Any]]:
        _check(y)
        found = self.arrays(y)
        assert found.labels is not None
        out = []
        for p, said in zip(y.tolist(), found.labels, strict=True):
            answered = sorted(np.flatnonzero(said).tolist(), key=lambda k: -p[k])
            named = {k: _short(v, 6) for k, v in zip(self._keys, p, strict=True)}
            out.append({"labels": [self._labels[k] for k in answered], "probabilities": named})
        return out

    def text(self, y: NDArray[Any]) -> str:
        return ",".join(json.dumps(o, ensure_ascii=False) for o in self.objects(y))


class ValueAnswering:
    """Values, and where an interval was calibrated, the range that holds the truth with the stated probability."""

    def __init__(self, manifest: Manifest) -> None:
        self._floor = 0.0 if manifest.target.nonnegative else -np.inf
        interval = manifest.interval
        self._edges = np.array(interval.edges if interval else ())
        self._low = np.array(interval.low) if interval else None
        self._high = np.array(interval.high) if interval else None

    def arrays(self, y: NDArray[Any]) -> Answers:
        values = np.maximum(y.reshape(len(y)).astype(np.float64), self._floor)
        if self._low is None or self._high is None:
            return Answers(values)
        bins = np.searchsorted(self._edges, values, side="right")
        low, high = values + self._low[bins], values + self._high[bins]
        return Answers(values, intervals=np.maximum(np.column_stack([low, high]), self._floor))

    def objects(self, y: NDArray[Any]) -> list[dict[str, Any]]:
        _check(y)
        found = self.arrays(y)
        out: list[dict[str, Any]] = [{"value": _short(v, 7)} for v in found.scores.tolist()]
        if found.intervals is not None:
            for answer, (low, high) in zip(out, found.intervals.tolist(), strict=True):
                answer["interval"] = [_short(low, 7), _short(high, 7)]
        return out

    def text(self, y: NDArray[Any]) -> str:
        _check(y)
        found = self.arrays(y)
        if found.intervals is None:
            return ",".join(['{"value":%.7g}' % v for v in found.scores.tolist()])  # noqa: UP031  one format call a row
        rows = np.column_stack([found.scores, found.intervals]).tolist()
        return ",".join(['{"value":%.7g,"interval":[%.7g,%.7g]}' % (*r,) for r in rows])  # noqa: UP031


def answering(manifest: Manifest) -> Answering:
    """The way a bundle answers."""
    if manifest.target.several:
        return SeveralAnswering(manifest)
    return ClassAnswering(manifest) if manifest.classifies else ValueAnswering(manifest)


def _check(y: NDArray[Any]) -> None:
    if not np.isfinite(y).all():
        raise BrokenAnswer(_BROKEN)


def _short(value: float, digits: int) -> float:
    """Rounded to significant digits, as the JSON text is: float32 holds no more."""
    return float(f"{value:.{digits}g}")


def _escape(text: str) -> str:
    return text.replace("%", "%%")
