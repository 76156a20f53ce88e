"""What a careful reader would object to in an evaluation, found by code and said in a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .loose import items, mapping, measured, pair, rows
from .wording import clean, integer, is_number, lower_is_better, metric_title, percent

POOR_CALIBRATION = 0.08
LOST_COVERAGE = 0.05
DOMINANT = 0.6  # share of all that was gained over the baseline
FEW_ROWS = 100


def cautions(evidence: Mapping[str, Any]) -> list[str]:
    """Sentences, most serious first; empty where nothing speaks against the score."""
    evaluation = mapping(evidence.get("evaluation"))
    metric = mapping(evaluation.get("metric"))
    return [
        *_baseline(metric),
        *_few(evaluation),
        *_never_answered(evaluation),
        *_probabilities(mapping(evaluation.get("calibration"))),
        *_coverage(mapping(mapping(evaluation.get("residuals")).get("interval"))),
        *_dominant(metric, evidence),
    ]


def _baseline(metric: Mapping[str, Any]) -> list[str]:
    interval, baseline = pair(metric.get("interval")), metric.get("baseline")
    if interval is None or not is_number(baseline):
        return []
    reached = interval[1] >= baseline if lower_is_better(metric.get("name")) else interval[0] <= baseline
    title = metric_title(metric.get("name"))
    return [f"The interval of the {title} reaches the baseline: the gain may be chance."] if reached else []


def _few(evaluation: Mapping[str, Any]) -> list[str]:
    count = evaluation.get("rows")
    if not is_number(count) or count >= FEW_ROWS:
        return []
    return [f"Only {integer(count)} rows were held out; every number here is rough."]


def _never_answered(evaluation: Mapping[str, Any]) -> list[str]:
    """Classes that occur and are never given as an answer."""
    lost = [
        c
        for c in measured(evaluation.get("per_class"), "support")
        if c["support"] > 0 and c.get("precision") is None and not c.get("recall")
    ]
    if not lost:
        return []
    if len(lost) > 3:
        found = integer(sum(c["support"] for c in lost))
        return [f"{len(lost)} classes with {found} rows together are never answered."]
    named = [f"“{clean(c.get('label'))}” ({integer(c['support'])} rows)" for c in lost]
    verb = "is" if len(named) == 1 else "are"
    more = ""
    if len(items(evaluation.get("labels"))) == 2:
        more = " The ranking may still be good; a lower decision threshold would use it."
    return [f"{', '.join(named)} {verb} never answered.{more}"]


def _probabilities(calibration: Mapping[str, Any]) -> list[str]:
    ece = calibration.get("ece")
    if not is_number(ece) or ece < POOR_CALIBRATION:
        return []
    return [f"Stated probabilities are off by {percent(ece)} on average; do not take them at their word."]


def _coverage(interval: Mapping[str, Any]) -> list[str]:
    goal, held = interval.get("goal"), interval.get("coverage")
    if not is_number(goal) or not is_number(held) or held >= goal - LOST_COVERAGE:
        return []
    return [f"Prediction intervals promise {percent(goal)} and hold {percent(held)} of the true values."]


def _dominant(metric: Mapping[str, Any], evidence: Mapping[str, Any]) -> list[str]:
    """One column that carries nearly all of the score may be one that is not known when an answer is needed."""
    drops = sorted(measured(rows(evidence.get("importance")), "drop"), key=lambda i: -i["drop"])
    value, baseline = metric.get("value"), metric.get("baseline")
    if len(drops) < 3 or not is_number(value) or not is_number(baseline):
        return []
    first, second = drops[0]["drop"], drops[1]["drop"]
    if first < DOMINANT * abs(value - baseline) or first < 4 * max(second, 0):
        return []
    name = clean(drops[0].get("column"))
    return [f"Nearly all of the score comes from the column {name}: make sure it is known when an answer is needed."]
