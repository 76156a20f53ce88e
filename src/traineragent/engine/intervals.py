"""95 % intervals of a metric from its values on resamples of the rows.

A resample holds only errors that the sample holds, so percentiles of shares near 1 claim too much: of forty rows at an
AUC of .993 they hold the truth every second time (`benchmarks/intervals.py`). Shares therefore get Wilson's interval.
Knows nothing of how a metric is computed.
"""

from __future__ import annotations

import math
import re
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Z = 1.96
FEWEST_CORRECTED = 200  # resamples, for percentiles so far out to mean something
_STEEP = 0.1
_SHARES = re.compile(
    r"accuracy|balanced_accuracy|top\d+_accuracy|roc_auc|average_precision|f1|f1_(macro|micro|weighted|samples)|f2|f0_5"
    r"|span_f1|g_mean|jaccard|ks_statistic|hamming_loss|precision|recall|specificity|false_positive_rate"
    r"|negative_predictive_value|min_class_recall|accuracy_iou50|pointing_accuracy|asked_class"
)


def is_share(metric: str) -> bool:
    """Whether the metric lies between 0 and 1 as a share of answers, or is made of such shares."""
    return _SHARES.fullmatch(metric) is not None


def wilson(share: float, rows: float) -> tuple[float, float]:
    """Interval of a share of `rows` answers (Wilson 1927): not empty where all are right, or all wrong."""
    middle = (share + Z * Z / (2 * rows)) / (1 + Z * Z / rows)
    reach = Z / (1 + Z * Z / rows) * math.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows))
    return max(min(middle - reach, share), 0.0), min(max(middle + reach, share), 1.0)  # rounding may leave it outside


def of_share(value: float, variance: float, rows: float) -> tuple[float, float]:
    """Wilson's interval at the effective sample size: as many independent answers as would vary by `variance`, and
    no more than there are `rows`, since few errors vary less than they should (Korn and Graubard 1998)."""
    effective = value * (1 - value) / variance if variance > 0 else rows
    return wilson(value, min(max(effective, 1.0), rows))


def acceleration(without: Array) -> float:
    """How fast the spread grows with the value, from its values without each row (rows,) in turn (Efron 1987)."""
    off = without.mean() - without
    squares = float(np.square(off).sum())
    return float((off**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0


def corrected(draws: Array, value: float, grows: float) -> tuple[float, float]:
    """The percentiles that are 2.5 and 97.5 % once bias and `grows`, the acceleration, are taken off (BCa, Efron 1987).

    Few rows show few of the large errors, so plain percentiles of an error reach too little upwards."""
    normal = NormalDist()
    least = 0.5 / len(draws)
    bias = normal.inv_cdf(min(max(float((draws < value).mean() + (draws == value).mean() / 2), least), 1 - least))
    at = [bias + (bias + z) / max(1 - grows * (bias + z), _STEEP) for z in (-Z, Z)]
    low, high = np.quantile(draws, [normal.cdf(z) for z in at])
    return min(float(low), value), max(float(high), value)


def from_resamples(
    metric: str,
    value: float,
    draws: Array,
    answers: int,
    *,
    part: float = 1.0,
    middle: float | None = None,
    grows: float | None = None,
) -> tuple[float, float]:
    """Interval around the `value` of so many `answers`, from that of resamples; NaN when none could be scored.

    `part`: resamples are of only this share of the rows, on which the metric is `middle`: their spread is scaled by
    its square root (the m out of n bootstrap, Bickel, Götze and van Zwet 1997). Shares by Wilson, others by
    percentiles (Efron 1979), corrected where their acceleration `grows` is known."""
    draws = draws[np.isfinite(draws)]
    if not len(draws) or not math.isfinite(value):
        return float("nan"), float("nan")
    if is_share(metric) and 0.0 <= value <= 1.0:
        return of_share(value, float(draws.var()) * part, answers)
    if grows is not None and middle is None and len(draws) >= FEWEST_CORRECTED:
        return corrected(draws, value, grows)
    low, high = (float(q) for q in np.quantile(draws, [0.025, 0.975]))
    if middle is None:
        return low, high
    return value + (low - middle) * math.sqrt(part), value + (high - middle) * math.sqrt(part)
