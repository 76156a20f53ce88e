"""Counts of entities found, given and true, and what they come to. An entity counts only with exact ends and label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
HIT, GIVEN, TRUE = 0, 1, 2
NAMES = ("span_f1", "f1", "f1_micro", "precision", "recall", "f1_macro", "min_class_recall")


def counts(given: Sequence[Sequence[Any]], true: Sequence[Sequence[Any]], labels: int, label_of: Any) -> Int:
    """(texts, labels, 3): entities that are right, that were given, that are there. Entities are hashable;
    `label_of(entity)` is the number of its label, -1 for one that is not counted."""
    out = np.zeros((len(true), labels, 3), dtype=np.int64)
    for text, (one, two) in enumerate(zip(given, true, strict=True)):
        wanted = set(two)
        for e in set(one):
            number = label_of(e)
            if number >= 0:
                out[text, number, GIVEN] += 1
                out[text, number, HIT] += e in wanted
        for e in wanted:
            number = label_of(e)
            if number >= 0:
                out[text, number, TRUE] += 1
    return out


def precision(c: NDArray[Any]) -> NDArray[np.float64]:
    """Of counts (…, 3); 0 where nothing was given."""
    return np.asarray(c[..., HIT] / np.maximum(c[..., GIVEN], 1), dtype=np.float64)


def recall(c: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(c[..., HIT] / np.maximum(c[..., TRUE], 1), dtype=np.float64)


def f1(c: NDArray[Any]) -> NDArray[np.float64]:
    """2 hits / (given + true)."""
    return np.asarray(2 * c[..., HIT] / np.maximum(c[..., GIVEN] + c[..., TRUE], 1), dtype=np.float64)


def values(by_label: NDArray[Any]) -> dict[str, float]:
    """Metrics by name from counts (labels, 3), summed over labels but for the means over labels."""
    total = by_label.sum(axis=0)
    there = by_label[by_label[:, TRUE] > 0]
    micro = float(f1(total))
    return {
        "span_f1": micro,
        "f1": micro,
        "f1_micro": micro,
        "precision": float(precision(total)),
        "recall": float(recall(total)),
        "f1_macro": float(f1(there).mean()) if len(there) else 0.0,
        "min_class_recall": float(recall(there).min()) if len(there) else 0.0,
    }


def value_of(name: str, by_label: NDArray[Any], labels: Sequence[str], label: str | None = None) -> float | None:
    """One metric, of one label where it is named; None where there is no such metric."""
    if label is not None and label in labels:
        return values(by_label[[labels.index(label)]]).get(name)
    return values(by_label).get(name)


def met(requirements: Sequence[Mapping[str, Any]], by_label: NDArray[Any], labels: Sequence[str]) -> float:
    """By how much the stated limits on metrics are missed in all; 0 where all are kept."""
    short = 0.0
    for r in requirements:
        value = value_of(r["name"], by_label, labels, r.get("positive_label"))
        if value is not None:
            short += max(r["limit"] - value if r["direction"] == ">=" else value - r["limit"], 0.0)
    return short
