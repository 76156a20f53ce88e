"""The section on forecasts: the last ones beside what came, errors by step and by starting point, and simple rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from .loose import items, mapping, measured, numbers, pair, rows
from .svg import Canvas, Plot, ticks
from .trials import family_title
from .wording import clean, figure, is_number, metric_title, percent, plural, score

WIDE, HALF = 900.0, 440.0
SHOWN_WINDOWS = 24
RULES = {"seasonal_naive": "repeating the last season", "naive": "repeating the last value", "drift": "a straight line"}


def forecast(evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where nothing was forecast."""
    found = mapping(evidence.get("forecast"))
    if not found:
        return None
    target = clean(mapping(evidence.get("profile")).get("target") or "")
    metric = str(mapping(mapping(evidence.get("evaluation")).get("metric")).get("name") or "")
    steps = measured(found.get("by_step"), "step", "mae", "baseline")
    return {
        "lead": _lead(found),
        "pictures": [p for p in (_picture(p, target) for p in rows(found.get("pictures"))) if p],
        "by_step": _by_step(steps, str(found.get("step") or "step")) if len(steps) > 1 else None,
        "windows": _windows(measured(found.get("windows"), "value", "baseline"), metric),
        "effects": _effects(rows(found.get("effects"))),
        "rules": _rules(found, mapping(evidence.get("evaluation")), metric),
    }


def _lead(found: Mapping[str, Any]) -> str:
    step, horizon, starts = clean(found.get("step") or "step"), found.get("horizon"), found.get("starts")
    said = f"The bundle was asked for the next {plural(horizon, step)} from {plural(starts, 'starting point')} in the "
    said += "sealed part, each time with the values known until then."
    season = found.get("season")
    if is_number(season) and season > 1:
        said += f" The simplest rule to beat repeats the last {plural(season, step)}."
    return said


# --------------------------------------------------------------------------------------------------------- pictures
def _picture(one: Mapping[str, Any], target: str) -> dict[str, Any] | None:
    past, values = numbers(one.get("past")), numbers(one.get("values"))
    low, high = numbers(one.get("low")), numbers(one.get("high"))
    truth = [v if is_number(v) else None for v in items(one.get("truth"))]
    if not values or len(low) != len(values) or len(high) != len(values):
        return None
    name = clean(one.get("name") or "")
    chart = picture(past, values, low, high, truth, [clean(t) for t in items(one.get("times"))], target)
    title = f"Forecast from {clean(one.get('from'))}" + (f", {name}" if name else "")
    return {"title": title, "chart": chart}


def picture(
    past: Sequence[float],
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    truth: Sequence[float | None],
    times: Sequence[str],
    target: str,
) -> Markup:
    """The past, the forecast with its band, and what came. `times` are spread evenly over the axis."""
    known = [v for v in truth if v is not None]
    every = [*past, *values, *low, *high, *known]
    bottom, top = min(every), max(every)
    pad = 0.05 * ((top - bottom) or abs(top) or 1.0)
    bottom = 0.0 if bottom >= 0 > bottom - pad else bottom - pad
    canvas = Canvas(WIDE, 330, f"{target}: {len(past)} known values, the forecast of {len(values)}, and what came")
    count, start = len(past) + len(values), len(past)
    plot = Plot.on(canvas, (0, max(count - 1, 1)), (bottom, top + pad), (40, 16, 44, 66))
    plot.y_axis([(t, figure(t)) for t in ticks(bottom, top + pad, 5)], target)
    ends = [i * (count - 1) / max(len(times) - 1, 1) for i in range(len(times))]
    plot.x_axis([(e, t) for e, t in zip(ends[1:-1], times[1:-1], strict=True)])
    for at, words, anchor in ((plot.x.start, times[0], "start"), (plot.x.end, times[-1], "end")) if times else ():
        canvas.text(at, plot.y.start + 16, words, anchor, "tick")
    ahead = [start + i for i in range(len(values))]
    joined = [(start - 1, past[-1])] if past else []
    band = [*joined, *zip(ahead, high, strict=True), *reversed(list(zip(ahead, low, strict=True)))]
    canvas.path(plot.points(band), "band", closed=True)
    canvas.path(plot.points(list(enumerate(past))), "best-line", "known values")
    canvas.path(plot.points([*joined, *zip(ahead, values, strict=True)]), "line s1", "forecast")
    came = [(start + i, v) for i, v in enumerate(truth) if v is not None]
    canvas.path(plot.points(came), "line s2", "what came")
    _legend(canvas, plot, (("best-line", "known"), ("line s1", "forecast"), ("line s2", "what came")))
    return canvas.render()


def _legend(canvas: Canvas, plot: Plot, entries: Sequence[tuple[str, str]]) -> None:
    x = plot.x.end - 110.0 * len(entries) + 10
    for css, words in entries:
        canvas.line(x, 12, x + 22, 12, css)
        canvas.text(x + 28, 16, words, "start", "tick")
        x += 110


def _by_step(steps: Sequence[Mapping[str, Any]], step: str) -> dict[str, Any]:
    """Mean absolute error of each step ahead beside that of the last season."""
    top = max(max(s["mae"], s["baseline"]) for s in steps) * 1.06 or 1.0
    canvas = Canvas(HALF, 300, f"Mean absolute error by {step}s ahead")
    plot = Plot.on(canvas, (1, steps[-1]["step"]), (0, top), (40, 14, 44, 60))
    plot.y_axis([(t, figure(t)) for t in ticks(0, top, 5)], "mean absolute error")
    plot.x_axis([(t, figure(t)) for t in ticks(1, steps[-1]["step"], 6)], f"{step}s ahead")
    canvas.path(plot.points([(s["step"], s["baseline"]) for s in steps]), "line s2", RULES["seasonal_naive"])
    canvas.path(plot.points([(s["step"], s["mae"]) for s in steps]), "line s1", "the model")
    _legend(canvas, plot, (("line s1", "model"), ("line s2", "last season")))
    return {"title": "Error by distance", "chart": canvas.render(), "caption": "How the error grows the further ahead."}


# ----------------------------------------------------------------------------------------------------------- tables
def _windows(found: Sequence[Mapping[str, Any]], metric: str) -> dict[str, Any] | None:
    if not found:
        return None
    lines = [
        {
            "start": clean(w.get("from")),
            "value": score(w["value"], metric),
            "baseline": score(w["baseline"], metric),
            "skill": percent(w["skill"]) if is_number(w.get("skill")) else "",
            "better": is_number(w.get("skill")) and w["skill"] > 0,
        }
        for w in found
    ]
    won = sum(bool(line["better"]) for line in lines)
    words = f"Better than repeating the last season from {won} of {plural(len(lines), 'starting point')}."
    return {"metric": metric_title(metric), "words": words, "lines": lines[:SHOWN_WINDOWS]}


def _effects(found: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What each covariate does, with twice its standard error."""
    lines = []
    for one in found:
        effect, error = one.get("effect"), one.get("error")
        if not is_number(effect) or not is_number(error):
            continue
        relative = bool(one.get("relative"))
        said = f"{percent(effect)}" if relative else figure(effect)
        around = f"± {percent(2 * error) if relative else figure(2 * error)}"
        against = f"against {clean(one.get('base'))}" if one.get("base") else ""
        if is_number(one.get("spread")) and one["spread"] > 0:
            against = f"for {figure(one['spread'])} more"
        sure = abs(effect) > 2 * error
        sign = "+" if effect > 0 else ""
        lines.append(
            {"name": clean(one.get("name")), "effect": sign + said, "around": around, "against": against, "sure": sure}
        )
    if not lines:
        return None
    words = "What is known ahead moves the forecast by so much, trend and season aside; estimated over all series."
    return {"words": words, "lines": lines}


def _rules(found: Mapping[str, Any], evaluation: Mapping[str, Any], metric: str) -> dict[str, Any] | None:
    """The model beside the simple rules, by every metric that was measured."""
    baselines = rows(found.get("baselines"))
    own = [mapping(evaluation.get("metric")), *rows(evaluation.get("others"))]
    values = {str(m.get("name")): m.get("value") for m in own if is_number(m.get("value"))}
    if not baselines or not values:
        return None
    lines = [{"name": "The model", "strong": True, "values": [score(v, n) for n, v in values.items()]}]
    for one in baselines:
        name, known = str(one.get("name")), mapping(one.get("values"))
        shown = [score(known.get(n), n) for n in values]
        title = RULES.get(name, family_title(name))
        lines.append({"name": title[:1].upper() + title[1:], "strong": False, "values": shown})
    bounds = pair(mapping(evaluation.get("metric")).get("interval"))
    return {"metrics": [metric_title(n) for n in values], "lines": lines, "interval": bounds}
