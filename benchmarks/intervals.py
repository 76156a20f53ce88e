"""How often 95 % intervals of a score hold the truth, when the score is high and the held-out rows are few.

    python benchmarks/intervals.py [--repeats 400]

Draws many hold-outs from a world whose true score is known, and counts: percentiles of a bootstrap over the rows
beside the interval that reports state.
"""

from __future__ import annotations

import argparse

import numpy as np

from traineragent.engine.grounding.scoring import interval
from traineragent.engine.metrics import bootstrap_interval, bootstrap_values, scorer

WORLD = 200_000
DRAWS = 200
WORLDS = [(40, 0.3, 2.0), (40, 0.3, 3.5), (400, 0.04, 3.0), (2000, 0.24, 2.0)]  # rows, positives, distance of classes
METRICS = ("accuracy", "roc_auc", "f1", "f1_macro", "balanced_accuracy")


def held(low: float, high: float, true: float) -> tuple[bool, float]:
    return low <= true <= high, high - low


def of_classes(metric: str, rows: int, positives: float, apart: float, repeats: int) -> None:
    """Two normal classes; rows answered by the best threshold."""
    rng = np.random.default_rng(0)
    y = (rng.random(WORLD) < positives).astype(np.float64)
    score = rng.normal(size=WORLD) + apart * y
    p = 1 / (1 + np.exp(-(apart * (score - apart / 2) + np.log(positives / (1 - positives)))))
    p = np.stack([1 - p, p], axis=1)
    true, both = scorer(metric)(y, p), ([], [])
    for i in range(repeats):
        pick = rng.integers(0, WORLD, rows)
        if len(np.unique(y[pick])) < 2:
            continue
        values = bootstrap_values(metric, y[pick], p[pick], seed=i, n=DRAWS)
        low, high = np.nanquantile(values, [0.025, 0.975])
        both[0].append(held(low, high, true))
        both[1].append(held(*bootstrap_interval(metric, y[pick], p[pick], seed=i, n=DRAWS), true))
    said(metric, f"{rows} rows, {positives:.0%} positive", true, both)


def of_phrases(pictures: int, true: float, repeats: int) -> None:
    """Boxes of phrases, one to four of a picture that share its difficulty."""
    rng, both = np.random.default_rng(1), ([], [])
    for i in range(repeats):
        of = np.repeat(np.arange(pictures), rng.integers(1, 5, pictures))
        chance = rng.beta(true * 4, (1 - true) * 4, pictures)
        hits = (rng.random(len(of)) < chance[of]).astype(np.float64)
        again = rng.integers(0, pictures, (DRAWS, pictures))
        total, count = np.bincount(of, hits), np.bincount(of)
        low, high = np.quantile(total[again].sum(axis=1) / count[again].sum(axis=1), [0.025, 0.975])
        both[0].append(held(low, high, true))
        both[1].append(held(*(interval("accuracy_iou50", hits, of, i) or (0.0, 1.0)), true))
    said("accuracy_iou50", f"phrases of {pictures} pictures", true, both)


def said(metric: str, where: str, true: float, both: tuple[list[tuple[bool, float]], ...]) -> None:
    shares = [np.mean([h for h, _ in found]) for found in both]
    widths = [np.mean([w for _, w in found]) for found in both]
    print(
        f"{metric:18} {where:26} true {true:.3f} | percentiles {shares[0]:6.1%} (width {widths[0]:.3f}) "
        f"| ours {shares[1]:6.1%} (width {widths[1]:.3f})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=400)
    repeats = parser.parse_args().repeats
    for rows, positives, apart in WORLDS:
        for metric in METRICS:
            of_classes(metric, rows, positives, apart, repeats)
    for pictures, true in ((15, 0.95), (30, 0.95), (30, 0.8), (100, 0.9)):
        of_phrases(pictures, true, repeats)


if __name__ == "__main__":
    main()
