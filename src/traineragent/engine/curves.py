"""Pictures of a classifier's quality as points: ROC, precision-recall, calibration, thresholds. Takes truth and
probability arrays only and returns JSON-ready values; it knows nothing of models or drawing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

Array = NDArray[np.float64]
MOST_POINTS = 200
MOST_CURVES = 5  # more lines than this in one picture cannot be told apart
POINTS_OF_MANY = 60
LEAST_CALLED = 10
LEAST_ROWS = 10  # the curve of a class with fewer rows says more of chance than of the model


def thin(x: Array, y: Array, most: int) -> list[list[float]]:
    """At most `most` of the points, evenly spread along the line so that steep parts keep their shape."""
    if len(x) > most:
        way = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        keep = np.unique(np.searchsorted(way, np.linspace(0.0, way[-1], most)).clip(0, len(x) - 1))
        x, y = x[keep], y[keep]
    return [[round(float(a), 4), round(float(b), 4)] for a, b in zip(x, y, strict=True)]


def _one_roc(truth: NDArray[np.bool_], p: Array, most: int) -> tuple[list[list[float]], float]:
    false_rate, true_rate, _ = roc_curve(truth, p)
    return thin(false_rate, true_rate, most), float(auc(false_rate, true_rate))


def _one_pr(truth: NDArray[np.bool_], p: Array, most: int) -> tuple[list[list[float]], float]:
    precision, recall, _ = precision_recall_curve(truth, p)
    return thin(recall[::-1], precision[::-1], most), float(average_precision_score(truth, p))


def _mixed(truth: NDArray[np.intp], classes: int) -> list[int]:
    """Classes that some but not all rows belong to; the curves of others are not defined."""
    counts = np.bincount(truth, minlength=classes)
    return [int(k) for k in np.flatnonzero((counts > 0) & (counts < len(truth)))]


def ranking_curves(y: Array, p: Array, labels: list[str], positive: int) -> tuple[list[dict[str, Any]], ...]:
    """(ROC curves, precision-recall curves), each {"label", "points": [[x, y]], "area", "share"}.

    Two classes: one curve, of the positive class. More: the classes told apart worst (one against the rest), worst
    first; `share` is the class's share of the rows, the level a guess reaches in the precision-recall picture."""
    truth = y.astype(np.intp)
    possible = _mixed(truth, p.shape[1])
    if p.shape[1] == 2:
        wanted = [positive] if positive in possible else []
        most = MOST_POINTS
    else:
        counts = np.bincount(truth, minlength=p.shape[1])
        wanted = [k for k in possible if counts[k] >= LEAST_ROWS] or possible
        most = POINTS_OF_MANY
    roc: list[dict[str, Any]] = []
    pr: list[dict[str, Any]] = []
    for k in wanted:
        about = {"label": labels[k], "share": round(float(np.mean(truth == k)), 5)}
        for found, one in ((roc, _one_roc), (pr, _one_pr)):
            points, area = one(truth == k, p[:, k], most)
            found.append({**about, "points": points, "area": round(area, 5)})
    return tuple(sorted(found, key=lambda c: c["area"])[:MOST_CURVES] for found in (roc, pr))


def calibration(y: Array, p: Array, positive: int, bins: int = 10) -> dict[str, Any]:
    """Stated probability against what happened, in `bins` of equal width, with the expected calibration error (ECE,
    Naeini et al. 2015) and, for two classes, the Brier score of the positive class. With more classes the stated
    probability is that of the answer given, and "observed" the share of right answers."""
    truth = y.astype(np.intp)
    if p.shape[1] == 2:
        stated, came = p[:, positive], (truth == positive).astype(np.float64)
    else:
        stated, came = p.max(axis=1), (p.argmax(axis=1) == truth).astype(np.float64)
    where = np.clip((stated * bins).astype(np.intp), 0, bins - 1)
    rows = np.bincount(where, minlength=bins)
    filled = np.flatnonzero(rows)
    said = np.bincount(where, stated, bins)[filled] / rows[filled]
    seen = np.bincount(where, came, bins)[filled] / rows[filled]
    found = [
        {
            "low": round(k / bins, 4),
            "high": round((k + 1) / bins, 4),
            "predicted": round(float(a), 4),
            "observed": round(float(b), 4),
            "rows": int(rows[k]),
        }
        for k, a, b in zip(filled.tolist(), said, seen, strict=True)
    ]
    gap = float(np.sum(rows[filled] * np.abs(said - seen)) / max(len(y), 1))
    brier = float(np.mean((stated - came) ** 2)) if p.shape[1] == 2 else _brier(truth, p)
    return {"of": "positive" if p.shape[1] == 2 else "answer", "bins": found, "ece": gap, "brier": brier}


def _brier(truth: NDArray[np.intp], p: Array) -> float:
    """Mean over rows of the summed squared errors (Brier 1950)."""
    picked = p[np.arange(len(truth)), truth]
    return float(np.mean((p**2).sum(axis=1) - 2 * picked + 1))


def threshold_table(y: Array, p: Array, positive: int) -> list[dict[str, float]]:
    """What each decision threshold from 0.05 to 0.95 would give: precision, recall and the share of rows called
    positive. A threshold at which fewer than ten rows are
    called positive ends the table: such shares are noise."""
    hit = y.astype(np.intp) == positive
    out = []
    for threshold in np.arange(0.05, 0.96, 0.05):
        called = p[:, positive] >= threshold
        if called.sum() < LEAST_CALLED or not hit.any():
            break
        both = float(np.sum(called & hit))
        out.append(
            {
                "threshold": round(float(threshold), 2),
                "precision": round(both / float(called.sum()), 4),
                "recall": round(both / float(hit.sum()), 4),
                "selected": round(float(called.mean()), 4),
            }
        )
    return out
