"""A run's report and evidence, computed from synthetic answers, for tests of the pages made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from traineragent.engine.evaluate import evaluate
from traineragent.engine.slices import group_gaps, weak_slices

ROWS = 500


def example(kind: str = "binary") -> tuple[dict[str, Any], dict[str, Any]]:
    """`kind`: "binary", "many" (23 classes) or "values"."""
    rng = np.random.default_rng(0)
    evaluation, errors = _evaluation(kind, rng)
    metric = asdict(evaluation)["metric"]
    target = "house value" if kind == "values" else "Churn"
    columns = {"sex": rng.choice(np.array(["F", "M"], dtype=object), ROWS), "tenure": rng.normal(size=ROWS)}
    report = {
        "status": "delivered_unmet",
        "request": "Predict which customers will leave, under 1 MB",
        "created": "2026-11-22T12:30:00+00:00",
        "task_type": "tabular_regression" if kind == "values" else "tabular_classification",
        "target": target,
        "metric": {**metric, "rows": ROWS, "looks": 1},
        "requirements": [
            {
                "name": "latency_ms_p95",
                "limit": 20.0,
                "direction": "<=",
                "measured": 3.1,
                "met": True,
                "stated_as": "20 ms",
            },
            {
                "name": "size_mb",
                "limit": 1.0,
                "direction": "<=",
                "measured": 1.24,
                "met": False,
                "stated_as": "under 1 MB",
            },
        ],
        "model": {
            "family": "ensemble",
            "size_mb": 1.24,
            "parameters": 1200,
            "ensemble_of": [
                {"trial": 1, "family": "lightgbm", "weight": 0.7},
                {"trial": 2, "family": "linear", "weight": 0.3},
            ],
        },
        "data": _data(),
        "leaderboard": _leaderboard(str(metric["name"])),
        "reason": "the smallest model that keeps the score has 1.24 MB",
        "questions": [],
        "seconds": {"total": 30.0, "understand": 0.2, "prepare": 1.0, "train": 25.0, "deliver": 3.8},
        "llm": {"calls": 0, "tokens": 0, "cost_usd": 0.0},
        "bundle": "/somewhere/private/runs/churn/bundle",
        "task": _task(target),
    }
    evidence = {
        "profile": _profile(target, kind),
        "reading": ["comma-separated text with a header"],
        "evaluation": asdict(evaluation),
        "importance": [
            {"column": "tenure", "drop": 0.15, "std": 0.01, "repeats": 4},
            {"column": "sex", "drop": -0.001, "std": 0.002, "repeats": 4},
        ],
        "slices": [asdict(s) for s in weak_slices(columns, errors)],
        "groups": [asdict(g) for g in group_gaps(columns, errors)],
        "timeline": [{"seconds": 1.0 + k, "score": 0.8, "trial": k, "family": "lightgbm"} for k in range(3)],
        "decisions": _decisions(),
        "selection": {"why": "two models together are 0.002 better"},
        "environment": {"seed": 0, "python": "3.11.7", "packages": {"numpy": "2.4.6"}},
    }
    return report, evidence


def _evaluation(kind: str, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
    if kind == "values":
        y = rng.normal(1e5, 3e4, ROWS)
        v = y + rng.normal(0, 1e4, ROWS)
        intervals = np.column_stack([v - 2e4, v + 2e4])
        return evaluate(y, v, metric="rmse", intervals=intervals, baseline=float(y.mean())), np.abs(y - v)
    classes = 2 if kind == "binary" else 23
    labels = ("No", "Yes") if kind == "binary" else [f"class {k}" for k in range(23)]
    true = rng.integers(0, classes, ROWS)
    p = rng.random((ROWS, classes))
    p[np.arange(ROWS), true] += 0.5
    p /= p.sum(axis=1, keepdims=True)
    metric = "roc_auc" if kind == "binary" else "accuracy"
    threshold = 0.4 if kind == "binary" else None
    base = np.full(classes, 1 / classes)
    found = evaluate(true, p, metric=metric, labels=labels, positive=1, threshold=threshold, baseline=base)
    return found, (p.argmax(axis=1) != true)


def _data() -> dict[str, Any]:
    return {
        "rows_read": 2512,
        "rows_used": 2500,
        "removed": [{"what": "exact duplicates", "rows": 12, "why": "they would flatter the score"}],
        "leaks": [{"column": "left_on", "kind": "after_the_fact", "evidence": "only set for Yes", "action": "dropped"}],
        "warnings": ["26.5 % of the rows are Yes"],
        "holdout": {"how": "at random, stratified", "why": "no time or group column", "holdout_rows": ROWS},
        "files": ["/somewhere/private/churn.csv"],
    }


def _leaderboard(metric: str) -> list[dict[str, Any]]:
    done = {"origin": "portfolio", "metric": metric, "seconds": 2.0, "size_mb": 0.5, "status": "done", "note": ""}
    scores = (115_000.0, 46_000.0, 69_000.0) if metric == "rmse" else (0.5, 0.85, 0.84)
    families = ("dummy", "lightgbm", "linear")
    board = [
        {**done, "trial": k, "family": f, "score": s, "weight": w, "params": {"num_leaves": 15}}
        for k, (f, s, w) in enumerate(zip(families, scores, (0.0, 0.7, 0.3), strict=True))
    ]
    failed = {"trial": 3, "family": "random_forest", "score": None, "status": "timeout", "note": "stopped after 9 s"}
    return [*board, {**done, **failed, "weight": 0.0, "params": {}}]


def _task(target: str) -> dict[str, Any]:
    return {
        "task_type": "tabular_classification",
        "metrics": [{"name": "roc_auc", "direction": "maximize", "stated": False}],
        "data_info": {
            "kind": "table",
            "inputs": ["tenure", "sex", "joined"],
            "target": target,
            "rows": 2500,
            "ignored": [{"column": "customerID", "why": "a different value in every row"}],
            "positive_label": "Yes",
        },
        "deployment_info": {"interface": "http", "device": "cpu", "format": "onnx", "offline": None},
        "constraints": [],
        "budget": {"minutes": 1, "trials": None},
        "assumptions": [{"what": "target", "value": target, "why": "it matches “leave”", "confidence": 0.9}],
        "verdict": {"decision": "accept", "class": "ordinary", "reasons": [], "notices": ["Decisions touch people."]},
    }


def _profile(target: str, kind: str) -> dict[str, Any]:
    histogram = {"edges": [0.0, 10.0, 20.0, 30.0], "counts": [4, 9, 2]}
    return {
        "rows": 2000,
        "target": target,
        "target_kind": "number" if kind == "values" else "class",
        "class_counts": [] if kind == "values" else [["No", 1470], ["Yes", 530]],
        "target_stats": {"min": 1.0, "median": 2.0, "max": 9.0, "histogram": histogram} if kind == "values" else {},
        "columns": [
            _column("customerID", "id", distinct=2000),
            _column(
                "tenure", "number", stats={"min": 0, "median": 12.5, "max": 30}, histogram=histogram, relation=0.35
            ),
            _column("sex", "category", top=[["F", 1010], ["M", 990]], relation=0.01, missing_share=0.02),
            _column("joined", "date", stats={"first": "2019-01-01", "last": "2021-01-01"}),
            _column(target, "target"),
        ],
    }


def _column(name: str, meaning: str, **more: Any) -> dict[str, Any]:
    plain = {
        "missing_share": 0.0,
        "distinct": 2,
        "stats": {},
        "top": [],
        "histogram": {},
        "relation": None,
        "notes": [],
    }
    return {"name": name, "meaning": meaning, **plain, **more}


def _decisions() -> list[dict[str, Any]]:
    return [
        {
            "at": "2026-11-22T12:30:00+00:00",
            "who": "task agent",
            "by": "planner",
            "what": "accept",
            "why": "",
            "evidence": {},
        },
        {
            "at": "2026-11-22T12:30:07+00:00",
            "who": "model agent",
            "by": "planner",
            "what": "rank_candidates",
            "why": "mixed columns suit boosted trees",
            "evidence": {"rows": 2000, "order": ["lightgbm", "linear"]},
        },
    ]


def strained(value: Any, prefix: str) -> Any:
    """The same structure with `prefix` before every text a person or a file may have written."""
    kept = {"name", "status", "kind", "direction", "at", "seconds"}
    if isinstance(value, str):
        return prefix + value
    if isinstance(value, Mapping):
        return {k: v if k in kept else strained(v, prefix) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [strained(v, prefix) for v in value]
    return value
