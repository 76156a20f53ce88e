"""Scorers of the metrics that the overlay in force defines: formulas over counts, over metrics that ship, over sums.

A metric of labels is searched for at the threshold that suits it best ("name@best"), because that is the threshold it
will be served with. It knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..knowledge.force import once_per_overlay
from ..knowledge.located import meant, refuse
from ..knowledge.metrics import COUNTS, SUMS, OwnMetric, formulas, own_metrics
from .formula import Formula, FormulaError
from .metrics import SCORERS, Needs, Scorer

Array = NDArray[np.float64]
AT_BEST = "@best"
BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"


def own_scorers() -> Mapping[str, Scorer]:
    """Name -> scorer of every formula, in the order of their files.

    Raises InputError with file and line for a metric that cannot be."""
    return _own_scorers()


@once_per_overlay
def _own_scorers() -> Mapping[str, Scorer]:
    out: dict[str, Scorer] = {}
    for metric in formulas().values():
        out.update(_scorers(metric))
    return out


def applying(task: str) -> list[str]:
    """The user's metrics that can be measured on a kind of task: "binary", "multiclass" or "regression"."""
    return [name for name in own_metrics() if task in own_scorers()[name].tasks]


def _scorers(metric: OwnMetric) -> dict[str, Scorer]:
    if metric.name in SCORERS:
        raise refuse(metric.file, _line(metric), f"{metric.name} is a metric that ships; choose another name")
    try:
        formula = Formula(metric.expression)
    except FormulaError as e:
        raise refuse(metric.file, _line(metric, "expression"), str(e)) from e
    needs, tasks = _kind(metric, formula)
    function = _over_values(metric, formula) if needs == "values" else _over_classes(metric, formula, needs)
    plain = Scorer(metric.name, metric.direction, needs, function, metric.best, tasks)
    if needs != "labels" or BINARY not in tasks:
        return {metric.name: plain}
    at_best = replace(
        plain,
        name=metric.name + AT_BEST,
        needs="probabilities",
        function=_at_best(metric, formula, plain),
        tasks=(BINARY,),
    )
    own = replace(plain, search=at_best.name, of_counts=lambda counts: _of_counts(metric, formula, counts))
    return {own.name: own, at_best.name: at_best}


def _line(metric: OwnMetric, key: str = "") -> int:
    return metric.lines.get(key, int(metric.source.rpartition(":")[2]))


def _kind(metric: OwnMetric, formula: Formula) -> tuple[Needs, tuple[str, ...]]:
    """What the formula needs of an answer, and the tasks it can be measured on. Raises InputError for unknown names and
    for mixtures that no answer has all of."""
    line = _line(metric, "expression")
    names = [n for n in formula.names if n not in metric.values]
    for name in names:
        if name not in COUNTS and name not in SUMS and name not in SCORERS:
            known = [*metric.values, *COUNTS, *SUMS, *SCORERS]
            raise refuse(metric.file, line, f"{name!r} is neither a metric nor a count nor one of the values; "
                                            f"{meant(name, known)}")  # fmt: skip
    needed = {_needs(n): n for n in names if n != "rows"}
    if not needed:
        raise refuse(metric.file, line, f"{metric.expression!r} does not look at any answer")
    if len(needed) > 1:
        (one, first), (other, second), *_ = needed.items()
        raise refuse(
            metric.file, line, f"{first} is about {one} and {second} about {other}; a metric is about one of them"
        )
    (needs,) = needed
    tasks = {BINARY, MULTICLASS, REGRESSION}
    for name in names:
        if name in SCORERS:
            tasks &= set(SCORERS[name].tasks)
        elif name != "rows":
            tasks &= {REGRESSION} if name in SUMS else {BINARY}
    return needs, tuple(t for t in (BINARY, MULTICLASS, REGRESSION) if t in tasks)


def _needs(name: str) -> Needs:
    if name in SCORERS:
        return SCORERS[name].needs
    return "labels" if name in COUNTS else "values"


def _over_classes(metric: OwnMetric, formula: Formula, needs: Needs) -> Callable[[Array, Array], float]:
    counted = set(formula.names) & set(COUNTS)

    def measure(y: Array, answers: Array) -> float:
        values: dict[str, Any] = dict(metric.values)
        if counted:
            yes, said = y == 1, np.asarray(answers == 1) if needs == "labels" else np.zeros(len(y), bool)
            values |= {"tp": np.sum(yes & said), "fp": np.sum(~yes & said), "fn": np.sum(yes & ~said)}
            values |= {"tn": np.sum(~yes & ~said), "rows": len(y)}
        for name in formula.names:
            if name in SCORERS:
                values[name] = SCORERS[name].function(y, answers)
        return float(formula(values))

    return measure


def _over_values(metric: OwnMetric, formula: Formula) -> Callable[[Array, Array], float]:
    def measure(y: Array, answers: Array) -> float:
        off = answers - y
        values: dict[str, Any] = {
            **metric.values,
            "rows": len(y),
            "over": np.mean(np.maximum(off, 0.0)),
            "under": np.mean(np.maximum(-off, 0.0)),
            "mean_true": np.mean(y),
            "mean_answer": np.mean(answers),
        }
        for name in formula.names:
            if name in SCORERS:
                values[name] = SCORERS[name].function(y, answers)
        return float(formula(values))

    return measure


def _of_counts(metric: OwnMetric, formula: Formula, counts: Any) -> Array:
    """The metric at every threshold, (thresholds,)."""
    values: dict[str, Any] = {**metric.values, "tp": counts.tp, "fp": counts.fp, "fn": counts.fn, "tn": counts.tn}
    values["rows"] = counts.rows
    for name in formula.names:
        if name in SCORERS:
            values[name] = counts.value(name)
    return np.broadcast_to(formula(values), counts.tp.shape)


def _at_best(metric: OwnMetric, formula: Formula, plain: Scorer) -> Callable[[Array, Array], float]:
    from .counts import counts_at_thresholds  # which asks this module for own metrics

    def measure(y: Array, p: Array) -> float:
        _, counts = counts_at_thresholds(y == 1, p[:, 1])
        utilities = plain.utility(1.0) * _of_counts(metric, formula, counts)
        return plain.utility(float(np.nanmax(utilities)))

    return measure
