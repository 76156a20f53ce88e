"""How good the search is on its own: portfolio, tuning and ensemble against default LightGBM on the same rows.

python benchmarks/search_quality.py RUN_DIR… [--seconds 45] [--seeds 10,11] [--core 1]

Takes the typed training table of finished runs (RUN_DIR/data/prepared), holds 20 % of its rows back once a seed,
searches on the rest for the time given, and prints the error removed against LightGBM's defaults on the held-back
rows. Reading, export and service are left out; `tables.py` measures the whole product.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from threadpoolctl import threadpool_limits

from traineragent import registry
from traineragent.agents.model import CATALOGUE
from traineragent.brains.planner import Planner
from traineragent.domain.data import PreparedFacts
from traineragent.domain.run import Candidate, Selection, Trial, TrialResult
from traineragent.engine.dataset import TrainingData
from traineragent.engine.ensemble import Limits, select
from traineragent.engine.metrics import scorer
from traineragent.engine.search import Tunable, propose
from traineragent.engine.training import context_for, load_models, train_trial
from traineragent.ports import BrainQuestion

METRICS = {"regression": "rmse", "binary": "roc_auc", "multiclass": "log_loss"}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("runs", nargs="+", type=Path)
    p.add_argument("--seconds", type=float, default=45.0)
    p.add_argument("--seeds", default="10,11")
    p.add_argument("--core", type=int)
    o = p.parse_args()
    if o.core is not None:
        os.sched_setaffinity(0, {o.core})
    threadpool_limits(1)
    for run in o.runs:
        table = TrainingData.load(run / "data" / "prepared", mmap=False)
        removed = []
        for seed in map(int, o.seeds.split(",")):
            data, x, y = held_back(table, seed)
            outcome = Search(data, METRICS[data.task], seed, o.seconds).run()
            removed.append(report(run.name, seed, outcome, x, y, data))
        print(f"{run.name:24} median {np.median(removed):+.1%}", flush=True)


def held_back(table: TrainingData, seed: int) -> tuple[TrainingData, np.ndarray, np.ndarray]:
    """The table with 80 % of its rows and fresh folds, and the other rows."""
    strata = table.y if table.classes else None
    rows, rest = train_test_split(np.arange(table.rows), test_size=0.2, random_state=seed, stratify=strata)
    k = 10 if len(rows) < 4000 else 8 if len(rows) < 6000 else 5
    folds = np.zeros(len(rows), dtype=np.int8)
    parts = (StratifiedKFold if table.classes else KFold)(k, shuffle=True, random_state=seed)
    for fold, (_, held) in enumerate(parts.split(table.x[rows], table.y[rows])):
        folds[held] = fold
    return replace(table, x=table.x[rows], y=table.y[rows], folds=folds), table.x[rest], table.y[rest]


def facts_of(data: TrainingData, seconds: float) -> dict[str, Any]:
    """What the Model agent would perceive."""
    kinds, y = Counter(data.kinds), data.y
    facts = PreparedFacts(
        rows=data.rows,
        features=len(data.names),
        numbers=kinds["number"],
        categories=kinds["category"],
        counts=kinds["count"],
        classes=data.classes,
        max_categories=max(data.levels, default=0),
        smallest_class=int(np.bincount(y.astype(int)).min()) if data.classes else 0,
        missing_share=float(np.isnan(data.x).mean()),
        target_skew=0.0 if data.classes else float((((y - y.mean()) / y.std()) ** 3).mean()),
        target_positive=not data.classes and bool((y > 0).all()),
    )
    return {**asdict(facts), "interpretable": False, "minutes": seconds / 60}


class Search:
    """The Model agent's loop without journal, messages and child process."""

    def __init__(self, data: TrainingData, metric: str, seed: int, seconds: float) -> None:
        self.data, self.metric, self.seed, self.seconds = data, metric, seed, seconds
        self.folder = Path(tempfile.mkdtemp(prefix="search-"))
        question = BrainQuestion("model", "candidates", facts_of(data, seconds), CATALOGUE)
        planned = [op.args for op in Planner().answer(question).operations if op.do == "try"]
        self.portfolio = [
            Candidate(a["family"], a.get("params") or {}, share=float(a.get("share") or 0.25))
            for a in planned
            if data.task in registry.get("families", a["family"]).card.tasks
        ]
        context = context_for(data, metric, seed, 1)
        spaces = {c.family: registry.get("families", c.family).space(context, data.rows) for c in self.portfolio}
        self.tunable = [Tunable(name, space) for name, space in spaces.items() if space]
        self.history: list[TrialResult] = []

    def run(self) -> Search:
        start = time.monotonic()
        end = start + self.seconds
        rivals: dict[str, float] = {}
        while (left := end - time.monotonic()) > 0:
            candidate = propose(self.history, self.portfolio, self.tunable, seed=self.seed)
            if candidate is None:
                break
            limit = min(left, max(2.0, candidate.share * (self.seconds + 15)))
            trial = Trial(len(self.history), candidate, limit)
            folder = self.folder / str(trial.index)
            deadline = time.monotonic() + limit
            result = train_trial(
                self.data,
                trial,
                metric=self.metric,
                seed=self.seed,
                threads=1,
                folder=folder,
                deadline=deadline,
                rivals=rivals,
            )
            self.history.append(result)
            if result.fold_scores:
                rivals[candidate.family] = max(rivals.get(candidate.family, -np.inf), result.fold_scores[0])
        return self

    def selection(self) -> Selection:
        return select(self.history, self.oof, self.data.y, self.data.folds, self.metric, Limits(25, 1500), self.seed)

    def oof(self, index: int) -> np.ndarray:
        return np.asarray(np.load(self.folder / str(index) / "oof.npy"))

    def predict(self, index: int, x: np.ndarray) -> np.ndarray:
        models = load_models(self.data, self.history[index], self.folder / str(index), self.metric)
        return np.asarray(np.mean([m.predict(x) for m in models], axis=0))


def default_error(data: TrainingData, x: np.ndarray, y: np.ndarray) -> float:
    """LightGBM as it comes, categories declared, on the same rows."""
    kind = lightgbm.LGBMClassifier if data.classes else lightgbm.LGBMRegressor
    categories = [j for j, k in enumerate(data.kinds) if k == "category"]
    model = kind(n_jobs=1, verbosity=-1, random_state=0).fit(data.x, data.y, categorical_feature=categories)
    return error(data, y, model.predict_proba(x) if data.classes else model.predict(x))


def error(data: TrainingData, y: np.ndarray, p: np.ndarray) -> float:
    if data.task == "binary":
        return 1 - float(roc_auc_score(y, p[:, 1]))
    return scorer(METRICS[data.task])(y, p)


def report(name: str, seed: int, search: Search, x: np.ndarray, y: np.ndarray, data: TrainingData) -> float:
    """Prints one line; returns the share of the default's error that is removed."""
    chosen = search.selection()
    base = default_error(data, x, y)
    together = sum(m.weight * search.predict(m.trial, x) for m in chosen.members)
    removed = 1 - error(data, y, np.asarray(together)) / base
    single = 1 - error(data, y, search.predict(chosen.single_best, x)) / base
    counts = Counter(r.status for r in search.history)
    cost = sum(search.history[m.trial].predict_us for m in chosen.members)
    members = ", ".join(f"{m.weight:.2f} #{m.trial} {search.history[m.trial].candidate.family}" for m in chosen.members)
    print(
        f"{name:24} {seed} removed {removed:+.1%} (single best {single:+.1%}) {dict(counts)} {cost:.0f} us: {members}",
        flush=True,
    )
    return removed


if __name__ == "__main__":
    main()
