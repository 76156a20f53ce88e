"""The section on how good the delivered model is: every number and picture from the evaluation on held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import charts
from .cautions import cautions
from .drawn import drawn
from .loose import amount, items, mapping, measured, numbers, pair, rows
from .marked import marked
from .pointed import pointed
from .wording import (
    clean,
    figure,
    integer,
    is_number,
    lower_is_better,
    metric_means,
    metric_title,
    percent,
    score,
    sentence,
)
from .written import written

OF_ROWS = ("binary", "multiclass", "regression")  # kinds of evaluation that look for weak slices of rows
SHOWN_CLASSES = 12
SHOWN_COLUMNS = 15


def quality(report: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    evaluation = mapping(evidence.get("evaluation"))
    found = {
        "cautions": cautions(evidence),
        "metrics": _metrics(evaluation),
        "figures": [f for f in (*_class_figures(evaluation), *_value_figures(evaluation, report)) if f],
        "confusion": _confusion(evaluation),
        "confused": _confused(evaluation),
        "classes": _classes(evaluation),
        "residuals": _residual_words(mapping(evaluation.get("residuals"))),
        "intervals": _intervals(mapping(mapping(evaluation.get("residuals")).get("interval"))),
        "importance": _importance(rows(evidence.get("importance")), report),
        "slices": _slices(rows(evidence.get("slices"))),
        "looked_for_slices": "slices" in evidence and evaluation.get("kind") in OF_ROWS,
        "marked": marked(mapping(evidence.get("spans"))),
        "groups": [_group(g) for g in rows(evidence.get("groups"))],
        "drawn": drawn(mapping(evidence.get("drawn"))),
        "pointed": pointed(mapping(evidence.get("pointed"))),
        "written": written(mapping(evidence.get("texts"))),
    }
    return found if evaluation or found["importance"] or found["slices"] else None


def _metrics(evaluation: Mapping[str, Any]) -> list[dict[str, str]]:
    listed = [mapping(evaluation.get("metric")), *rows(evaluation.get("others"))]
    out = []
    for m in listed:
        name, interval = str(m.get("name")), pair(m.get("interval"))
        if is_number(m.get("value")):
            between = f"{score(interval[0], name)} to {score(interval[1], name)}" if interval else ""
            out.append(
                {
                    "title": metric_title(name),
                    "means": metric_means(name),
                    "value": score(m["value"], name),
                    "interval": between,
                    "baseline": score(m.get("baseline"), name) if is_number(m.get("baseline")) else "",
                }
            )
    return out


def _figure(title: str, chart: Any, caption: str = "") -> dict[str, Any]:
    return {"title": title, "chart": chart, "caption": caption}


def _class_figures(evaluation: Mapping[str, Any]) -> list[dict[str, Any]]:
    roc, pr = _curves(evaluation.get("roc")), _curves(evaluation.get("precision_recall"))
    many = len(items(evaluation.get("labels"))) > 2
    worst = " The classes told apart worst, one against the rest." if many else ""
    found = []
    if roc:
        found.append(
            _figure("Ranking (ROC)", charts.roc(roc, many), "The nearer to the upper left corner, the better." + worst)
        )
    if pr:
        said = "How pure the answers stay as more of the rows in question are found."
        found.append(_figure("Precision and recall", charts.precision_recall(pr, many), said + worst))
    found += _calibration(mapping(evaluation.get("calibration")))
    table = measured(evaluation.get("thresholds"), "threshold", "precision", "recall", "selected")
    if len(table) > 1:
        positive = clean(evaluation.get("positive") or "positive")
        said = (
            f"A row is called “{positive}” from this probability on. Moving the line trades one kind of error for the "
        )
        said += "other."
        found.append(_figure("Decision threshold", charts.thresholds(table, evaluation.get("threshold")), said))
    return found


def _curves(value: Any) -> list[Mapping[str, Any]]:
    found = measured(value, "area")
    return [c for c in found if items(c.get("points")) and all(pair(p) for p in items(c.get("points")))]


def _calibration(calibration: Mapping[str, Any]) -> list[dict[str, Any]]:
    bins = measured(calibration.get("bins"), "predicted", "observed", "rows")
    if not bins:
        return []
    said = f"On average a stated probability is off by {percent(calibration.get('ece'))}; the Brier score is "
    said += f"{score(calibration.get('brier'), 'brier_score')}. Dots on the diagonal mean that probabilities can be "
    said += "taken at their word; larger dots stand for more rows."
    return [_figure("Calibration", charts.calibration(bins, calibration.get("ece")), said)]


def _value_figures(evaluation: Mapping[str, Any], report: Mapping[str, Any]) -> list[dict[str, Any]]:
    residuals = mapping(evaluation.get("residuals"))
    target = clean(report.get("target") or "")
    found = []
    sample = [p for p in items(residuals.get("sample")) if len(numbers(p)) == 2]
    if len(sample) > 1:
        chart = charts.predicted_against_true(sample)
        said = f"A random sample of {integer(len(sample))} held-out rows; on the line the answer is exact."
        found.append(_figure(f"Predicted against true {target}".strip(), chart, said))
    parts = measured(residuals.get("by_size"), "low", "high", "rows", "mae", "bias")
    if len(parts) > 1:
        said = (
            "Where the errors lie: small, middling or large true values. A bias above zero means answers are too high."
        )
        found.append(_figure("Error by size of the true value", charts.error_by_size(parts), said))
    histogram = mapping(residuals.get("histogram"))
    edges, counts = numbers(histogram.get("edges")), numbers(histogram.get("counts"))
    if counts and len(edges) == len(counts) + 1:
        chart = charts.histogram(edges, counts, "predicted − true", "Distribution of errors", zero=True)
        rest = residuals.get("clipped")
        more = f" {integer(rest)} rows beyond the ends are counted in the outermost bars." if rest else ""
        found.append(_figure("Errors", chart, "Predicted minus true on the held-out rows." + more))
    return found


def _confusion(evaluation: Mapping[str, Any]) -> Any:
    labels = [clean(v) for v in items(evaluation.get("labels"))]
    matrix = [numbers(row) for row in items(evaluation.get("confusion"))]
    if not labels or len(matrix) != len(labels) or any(len(row) != len(labels) for row in matrix):
        return None
    threshold = evaluation.get("threshold")
    said = "Each row adds up to the true number of rows of that class; blue is right, orange is wrong."
    if is_number(threshold):
        positive = clean(evaluation.get("positive") or "")
        said += f" “{positive}” is answered from a probability of {percent(threshold)} on."
    return {"chart": charts.confusion(matrix, labels), "caption": said, "wide": len(labels) > 8}  # type: ignore[arg-type]


def _confused(evaluation: Mapping[str, Any]) -> list[dict[str, str]]:
    if len(items(evaluation.get("labels"))) < 4 and evaluation.get("confusion"):
        return []  # the matrix shows them all
    return [
        {
            "true": clean(c.get("true")),
            "answer": clean(c.get("answer")),
            "rows": integer(c.get("rows")),
            "share": percent(c.get("share")),
        }
        for c in rows(evaluation.get("confused"))[:8]
    ]


def _classes(evaluation: Mapping[str, Any]) -> dict[str, Any] | None:
    table = rows(evaluation.get("per_class"))
    if not table:
        return None
    lines = [
        {
            "label": clean(c.get("label")),
            "precision": score(c.get("precision"), "precision"),
            "recall": score(c.get("recall"), "recall"),
            "f1": score(c.get("f1"), "f1"),
            "bar": charts.bar(c.get("f1"), label=f"F1 {score(c.get('f1'), 'f1')}", width=90),
            "support": integer(c.get("support")),
        }
        for c in sorted(table, key=lambda c: -amount(c.get("support")))
    ]
    return {"shown": lines[:SHOWN_CLASSES], "more": lines[SHOWN_CLASSES:]}


def _residual_words(residuals: Mapping[str, Any]) -> str:
    q = mapping(residuals.get("quantiles"))
    if not all(is_number(q.get(k)) for k in ("0.05", "0.25", "0.5", "0.75", "0.95")):
        return ""
    said = f"Half of the answers lie between {figure(abs(q['0.25']))} {_side(q['0.25'])} and {figure(abs(q['0.75']))} "
    said += f"{_side(q['0.75'])} the true value, nine in ten between {figure(abs(q['0.05']))} {_side(q['0.05'])} and "
    return f"{said}{figure(abs(q['0.95']))} {_side(q['0.95'])}."


def _side(error: float) -> str:
    return "below" if error < 0 else "above"


def _intervals(facts: Mapping[str, Any]) -> dict[str, Any] | None:
    if not is_number(facts.get("coverage")):
        return None
    goal, held = facts.get("goal"), facts["coverage"]
    said = f"Each answer comes with an interval that promises to hold the true value {percent(goal)} of the time; on "
    said += f"held-out rows it did {percent(held)} of the time. Its mean width is {figure(facts.get('mean_width'))}"
    middle, mean = facts.get("median_width"), facts.get("mean_width")
    differs = is_number(middle) and is_number(mean) and abs(middle - mean) > 0.01 * mean
    said += f" (median {figure(middle)})." if differs else "."
    return {"words": said, "bar": charts.bar(held, label=f"{percent(held)} covered", width=220)}


# ----------------------------------------------------------------------------------------------- importance and slices
def _importance(table: list[Mapping[str, Any]], report: Mapping[str, Any]) -> dict[str, Any] | None:
    known = measured(table, "drop")
    if not known:
        return None
    name = str(mapping(report.get("metric")).get("name"))
    known.sort(key=lambda i: -i["drop"])
    largest = max(i["drop"] + amount(i.get("std")) for i in known)
    lines = [
        {
            "column": clean(i.get("column")),
            "bar": charts.signed_bar(
                i["drop"], amount(i.get("std")), largest, f"{clean(i.get('column'))}: {figure(i['drop'])}"
            ),
            "drop": _change(i["drop"]),
            "std": f"± {_change(i['std'])}" if is_number(i.get("std")) and i["std"] else "",
        }
        for i in known
    ]
    lower = lower_is_better(name)
    return {"metric": metric_title(name), "lower": lower, "shown": lines[:SHOWN_COLUMNS], "more": lines[SHOWN_COLUMNS:]}


def _change(value: float) -> str:
    if abs(value) < 0.00005:
        return "0"
    return f"{value:.4f}".replace("-", "−") if abs(value) < 1 else figure(value)


def _slices(table: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    known = measured(table, "measured", "rest")
    high = max((pair(s.get("interval")) or (0, s["measured"]))[1] for s in known) * 1.02 if known else 1.0
    return [
        {
            "column": clean(s.get("column")),
            "value": clean(s.get("value")),
            "rows": integer(s.get("rows")),
            "share": percent(s.get("share")),
            "measured": _error(s["measured"], s),
            "rest": _error(s["rest"], s),
            "metric": clean(s.get("metric") or "error"),
            "mark": charts.interval_mark(
                s["measured"],
                pair(s.get("interval")) or (s["measured"], s["measured"]),
                s["rest"],
                high,
                clean(s.get("words") or ""),
            ),
        }
        for s in known
    ]


def _error(value: Any, one: Mapping[str, Any]) -> str:
    return percent(value) if one.get("metric") == "share wrong" else figure(value)


def _group(group: Mapping[str, Any]) -> dict[str, Any]:
    lines = []
    for g in rows(group.get("groups")):
        interval = pair(g.get("interval"))
        lines.append(
            {
                "value": clean(g.get("value")),
                "rows": integer(g.get("rows")),
                "measured": _error(g.get("measured"), group),
                "interval": f"{_error(interval[0], group)} to {_error(interval[1], group)}" if interval else "",
                "selected": percent(g.get("selected")) if "selected" in g else "",
                "positive": percent(g.get("positive")) if "positive" in g else "",
                "found": percent(g.get("found")) if "found" in g else "",
            }
        )
    return {
        "column": clean(group.get("column")),
        "metric": clean(group.get("metric") or "error"),
        "words": sentence(group.get("words") or ""),
        "groups": lines,
        "binary": any(one["selected"] for one in lines),
    }
