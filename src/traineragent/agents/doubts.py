"""What the training rows say against a request before time is spent on it: no signal, or limits beyond any model.

Runs where the data is prepared. Each doubt is {"action": "decline" or "warn", "about", "text", "alternative"}, with the
measured numbers in its words. It knows nothing of agents and messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.ceiling import Oracle, oracle
from ..data.signal import Signal
from ..engine.dataset import TrainingData
from ..engine.metrics import ABSOLUTE, scorer
from ..errors import TrainerError

Doubt = dict[str, Any]
ONE_CLASS = {"recall": ">=", "precision": ">=", "specificity": ">=", "false_positive_rate": "<="}
_HELD_OUT = 0.2  # of the rows; the fewer they are, the further a limit may lie beyond the bound by chance
_ERROR_MARGIN = 0.85
ANYWAY = 'say "train anyway" in the request to go on all the same'


def doubts(task: Mapping[str, Any], table: TrainingData, found: Signal | None, complete: bool) -> list[Doubt]:
    """The doubts about a task on its training rows, the gravest first. `task` is the JSON of a TaskSpec; `complete`:
    the matrix holds all that models will see, so rows equal in it are equal to every model."""
    out = [_no_signal(found, str(task["data_info"]["target"]))] if found is not None and found.hopeless else []
    limits = [r for r in task["requirements"] if r["stated_as"]]
    if complete and limits:
        best = oracle(table.x, table.y, table.classes)
        if best.torn:
            out += _beyond(limits, table, best) + _beyond_together(limits, table, best)
    return sorted(out, key=lambda d: d["action"] != "decline")


def _no_signal(found: Signal, target: str) -> Doubt:
    chance = f"in {found.shuffles} trials with {target} shuffled, chance did as well in {found.p:.0%}"
    text = f"No column says anything about {target}: {found.why}; {chance}."
    remedy = f"add columns that have to do with {target}, or rows; {ANYWAY}"
    return {"action": "decline", "about": "no_signal", "text": text, "alternative": remedy}


def _beyond(limits: Sequence[Mapping[str, Any]], table: TrainingData, best: Oracle) -> list[Doubt]:
    out = []
    for limit in limits:
        bound = _bound(str(limit["name"]), table, best)
        if bound is None or not _out_of_reach(limit, bound, table.rows):
            continue
        side = "at most" if limit["direction"] == ">=" else "at least"
        text = (
            f"{limit['name']} {limit['direction']} {limit['limit']:g} lies beyond what any model can reach with these "
            f"columns: {_torn(table, best)}, so the best answer to each gives {limit['name']} {side} {bound:.4g}."
        )
        out.append(_decline(str(limit["name"]), text, f"a limit of {side} {bound:.3g}"))
    return out


def _torn(table: TrainingData, best: Oracle) -> str:
    return f"{best.torn:,} of {table.rows:,} rows are equal to another row with a different answer"


def _decline(about: str, text: str, instead: str) -> Doubt:
    remedy = f"{instead}, or columns that tell these rows apart; {ANYWAY}"
    return {"action": "decline", "about": f"ceiling:{about}", "text": text, "alternative": remedy}


def _bound(name: str, table: TrainingData, best: Oracle) -> float | None:
    """The best value of a metric on these rows; None where it is no score of rows, or a threshold alone fulfils it."""
    if name in ONE_CLASS:
        return None
    try:
        metric = scorer(name)
    except (TrainerError, KeyError):
        return None
    kind = "regression" if not table.classes else "binary" if table.classes == 2 else "multiclass"
    if kind not in metric.tasks:
        return None
    if not table.classes:
        return metric(table.y, best.median if name in ABSOLUTE else best.mean)
    if name == "f1" and table.classes == 2:
        return _best_f1(table, best)
    return metric(table.y, best.p, positive=table.positive)


def _best_f1(table: TrainingData, best: Oracle) -> float:
    hits, alarms, cases = _curve(table, best)
    return float((2 * hits / (cases + hits + alarms)).max())


def _curve(table: TrainingData, best: Oracle) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """(hits, false alarms, cases): how many of each when all groups are called that are at least so likely."""
    p, truth = best.p[:, table.positive], table.y == table.positive
    order = np.argsort(-p, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(p[order]) < 0, True])
    hits = np.cumsum(truth[order])[ends].astype(np.float64)
    return hits, ends + 1.0 - hits, float(truth.sum())


def _out_of_reach(limit: Mapping[str, Any], bound: float, rows: int) -> bool:
    """Whether the limit lies beyond the bound by more than chance could bring on the rows held out."""
    if limit["direction"] == "<=":
        return bool(limit["limit"] < _ERROR_MARGIN * bound)
    if not 0 <= bound <= 1:
        return False
    return bool(limit["limit"] > bound + _margin(bound, rows))


def _margin(bound: float, rows: int) -> float:
    """Two standard errors of a share on the rows held out."""
    return 2.0 * float(np.sqrt(max(bound * (1 - bound), 0.0) / max(_HELD_OUT * rows, 1.0)))


def _beyond_together(limits: Sequence[Mapping[str, Any]], table: TrainingData, best: Oracle) -> list[Doubt]:
    """Limits on one class that each can be met, but at no threshold together."""
    asked = [r for r in limits if r["name"] in ONE_CLASS]
    if table.classes != 2 or len(asked) < 2:
        return []
    hits, alarms, cases = _curve(table, best)
    others = table.rows - cases
    values = {
        "recall": hits / max(cases, 1.0),
        "precision": hits / (hits + alarms),
        "specificity": 1 - alarms / max(others, 1.0),
        "false_positive_rate": alarms / max(others, 1.0),
    }
    met = np.ones(len(hits), dtype=bool)
    for r in asked:
        slack, value = _margin(float(r["limit"]), round(cases)), values[r["name"]]
        met &= value >= r["limit"] - slack if ONE_CLASS[r["name"]] == ">=" else value <= r["limit"] + slack
    if met.any():
        return []
    first, last = asked[0], asked[-1]
    able = (
        values[first["name"]] >= first["limit"]
        if ONE_CLASS[first["name"]] == ">="
        else values[first["name"]] <= first["limit"]
    )
    reached = values[last["name"]][able]
    top = float(reached.max() if ONE_CLASS[last["name"]] == ">=" else reached.min()) if able.any() else float("nan")
    wanted = " and ".join(f"{r['name']} {ONE_CLASS[r['name']]} {r['limit']:g}" for r in asked)
    text = (
        f"{wanted} cannot be had together with these columns: {_torn(table, best)}, so where {first['name']} is "
        f"{first['limit']:g} no model reaches more than {last['name']} {top:.3g}."
    )
    return [_decline(f"{first['name']}_{last['name']}", text, f"{last['name']} {top:.2g}, or a lower {first['name']}")]
