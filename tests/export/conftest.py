"""Bundles and facts that the tests of exporting share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serve.small import write_small
from traineragent.export.document import document

FACTS: dict[str, Any] = {
    "request": "Which customers <b>leave</b>? | soon",
    "task": {
        "verdict": {"class": "ordinary", "notices": ["Look at people before acting."]},
        "data_info": {"ignored": [{"column": "id", "why": "a different value in each row"}]},
    },
    "score": {"name": "roc_auc", "value": 0.91, "interval": [0.89, 0.93], "baseline": 0.5, "rows": 1303, "looks": 2},
    "evaluation": {
        "metric": {"name": "roc_auc", "value": 0.91, "interval": [0.89, 0.93], "baseline": 0.5},
        "others": [{"name": "log_loss", "value": 0.3, "interval": None, "baseline": 0.6}],
        "labels": ["no", "yes"],
        "confusion": [[900, 100], [50, 253]],
        "per_class": [{"label": "yes", "precision": 0.7, "recall": None, "f1": 0.75, "support": 12}],
        "calibration": {"ece": 0.0123},
    },
    "slices": [{"words": "Where age is 20 to 30 (90 rows), 20.0% of the answers are wrong; elsewhere 5.0%."}],
    "groups": [{"words": "By sex, the share wrong runs from 5.0% (f) to 7.0% (m)."}],
    "importance": [{"column": "age", "drop": 0.05, "std": 0.01}, {"column": "city", "drop": 0.2, "std": 0.01}],
    "requirements": [
        {"name": "latency_ms_p95", "direction": "<=", "limit": 20.0, "measured": 3.1, "met": True, "stated_as": "fast"},
        {"name": "size_mb", "direction": "<=", "limit": 1.0, "measured": 2.5, "met": False, "stated_as": None},
    ],
    "data": {
        "files": [{"name": "/home/someone/secret/customers.csv", "rows": 7043}],
        "rows_read": 7043,
        "rows_used": 7000,
        "removed": [{"what": "exact duplicates", "rows": 43, "why": "they would count twice"}],
        "warnings": ["column a | b has 3 spellings"],
        "leaks": [{"column": "left_on", "evidence": "empty for those who stay", "action": "dropped"}],
    },
    "split": {"train_rows": 5697, "holdout_rows": 1303, "how": "stratified"},
    "graph": {"size_mb": 1.25, "parameters": 4242, "parity_max": 2e-7},
    "environment": {"traineragent": "0.1.0", "seed": 7, "packages": {"lightgbm": "4.7.0"}},
}


@pytest.fixture(scope="session")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with its documents; its service was started and asked for them."""
    bundle = write_small(tmp_path_factory.mktemp("documented"))
    document(bundle, FACTS)
    return bundle
