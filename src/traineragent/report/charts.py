"""The figures of a report: each function turns plain data into one inline SVG. Every mark carries a tooltip, every
figure a text alternative; series differ by dash as well as by colour. Knows nothing of where the data comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ..domain.data import are_years
from .svg import Canvas, Plot, Scale, shorten, text_width, ticks
from .wording import clean, duration, figure, integer, is_number, metric_title, percent, plural, score

Point = tuple[float, float]
HALF = 440.0  # width of a figure that stands beside another; two fill a text column
WIDE = 900.0
SERIES = 6
SOLID_ROWS = 10  # a share of fewer rows is noise: its dot is pale and the line passes it by


def series_class(index: int) -> str:
    """CSS class of the n-th series; the last one is shared by all further series."""
    return f"s{min(index, SERIES - 1) + 1}"


def _marks(low: float, high: float, about: int = 5) -> list[tuple[float, str]]:
    return [(t, figure(t, are_years(low, high))) for t in ticks(low, high, about)]


def _between(edges: Sequence[float], k: int) -> str:
    years = are_years(edges[0], edges[-1])
    return f"{figure(edges[k], years)} to {figure(edges[k + 1], years)}"


def _shares(step: int = 25) -> list[tuple[float, str]]:
    return [(k / 100, f"{k} %") for k in range(0, 101, step)]


# ------------------------------------------------------------------------------------------------- marks within tables
def bar(share: Any, css: str = "fill-1", label: str = "", width: float = 110) -> Markup:
    """A share in [0, 1] as a small horizontal bar on a track."""
    part = min(max(float(share), 0.0), 1.0) if is_number(share) else 0.0
    canvas = Canvas(width, 10, label or percent(part), "mark")
    canvas.rect(0, 2, width, 6, "track", round_=3)
    if part > 0:
        canvas.rect(0, 2, max(part * width, 2), 6, css, round_=3)
    return canvas.render()


def signed_bar(value: float, spread: float, largest: float, label: str, width: float = 420) -> Markup:
    """A value with its spread (± one standard deviation) on a scale that reaches `largest`; negative values go left."""
    canvas = Canvas(width, 14, label, "mark long")
    left = min(0.0, value - spread)
    scale = Scale(min(left, -0.02 * largest), max(largest, 1e-12), 0, width - 2)
    zero, end = scale(0), scale(value)
    canvas.rect(min(zero, end), 3, abs(end - zero), 8, "fill-1" if value >= 0 else "fill-none", label, round_=1.5)
    canvas.line(zero, 0, zero, 14, "axis")
    if spread > 0:
        canvas.line(scale(value - spread), 7, min(scale(value + spread), width), 7, "whisker")
    return canvas.render()


def spark(counts: Sequence[float], label: str, edges: Sequence[float] = ()) -> Markup:
    """A histogram as small as a word."""
    width, height = 96.0, 26.0
    canvas = Canvas(width, height, label, "mark")
    top = max(counts, default=0) or 1
    step = width / max(len(counts), 1)
    for k, count in enumerate(counts):
        tall = max(count / top * (height - 2), 1.0 if count else 0.0)
        tip = f"{_between(edges, k)}: {integer(count)}" if len(edges) > k + 1 else ""
        canvas.rect(k * step, height - 1 - tall, max(step - 1, 0.8), tall, "fill-1", tip)
    canvas.line(0, height - 0.5, width, height - 0.5, "axis")
    return canvas.render()


def margin_bar(measured: Any, limit: float, direction: str, met: bool, label: str) -> Markup:
    """A measurement as a bar beside its limit as a line; what lies on the right side of the line is allowed or not."""
    width, height = 170.0, 22.0
    canvas = Canvas(width, height, label, "mark")
    low = min(0.0, limit, measured) if is_number(measured) else min(0.0, limit)
    high = max(limit, measured, 0.0) if is_number(measured) else max(limit, 0.0)
    scale = Scale(low, high * 1.12 if high > 0 else 0.12 * abs(low), 0, width)
    edge, zero = scale(limit), scale(0)
    start, end = (edge, width) if direction == ">=" else (0.0, edge)
    canvas.rect(start, 6, end - start, 10, "allowed")
    if is_number(measured):
        here = scale(measured)
        canvas.rect(
            min(zero, here), 8, max(abs(here - zero), 2), 6, "fill-good" if met else "fill-bad", label, round_=2
        )
    canvas.line(edge, 1, edge, height - 1, "limit")
    return canvas.render()


def interval_mark(value: float, interval: Sequence[float], reference: float, high: float, label: str) -> Markup:
    """A value with its interval against a reference line, on a scale from 0 to `high`."""
    width = 150.0
    canvas = Canvas(width, 16, label, "mark")
    scale = Scale(0, high or 1, 2, width - 2)
    canvas.line(2, 8, width - 2, 8, "track-line")
    canvas.line(scale(reference), 1, scale(reference), 15, "limit")
    canvas.line(scale(max(interval[0], 0)), 8, scale(min(interval[1], high)), 8, "interval")
    canvas.circle(scale(value), 8, 3.5, "fill-2", label)
    return canvas.render()


def stacked(parts: Sequence[tuple[str, float]], label: str) -> Markup:
    """Parts of a whole as one bar; (name, size). Colours follow `series_class` by position."""
    height = 26.0
    canvas = Canvas(WIDE, height, label)
    whole = sum(size for _, size in parts) or 1.0
    x = 0.0
    for k, (name, size) in enumerate(parts):
        wide = size / whole * WIDE
        canvas.rect(
            x, 0, max(wide - 2, 1), height, f"fill-{min(k, SERIES - 1) + 1}", f"{name}: {percent(size / whole)}"
        )
        if wide > 44:
            canvas.text(x + wide / 2, 17, percent(size / whole), "middle", "on-fill")
        x += wide
    return canvas.render()


# ------------------------------------------------------------------------------------------------------------- figures
def headline(value: float, interval: Sequence[float] | None, baseline: Any, perfect: float | None, name: str) -> Markup:
    """The main number on a line: dot with interval, the baseline it must beat, and perfection where it is in reach."""
    width, height = HALF, 92.0
    known = [v for v in (value, baseline, perfect, *(interval or ())) if is_number(v)]
    span = (max(known) - min(known)) or abs(value) or 1.0
    scale = Scale(min(known) - 0.04 * span, max(known) + 0.04 * span, 16, width - 16)
    words = f"{name} {score(value, name)}"
    words += f", interval {score(interval[0], name)} to {score(interval[1], name)}" if interval else ""
    words += f", baseline {score(baseline, name)}" if is_number(baseline) else ""
    canvas = Canvas(width, height, words)
    y = 46.0
    canvas.line(16, y, width - 16, y, "track-line")
    for mark, text in ((baseline, "baseline"), (perfect, "perfect")):
        if mark is None or not is_number(mark):
            continue
        canvas.line(scale(mark), y - 8, scale(mark), y + 8, "tick-line")
        at = min(max(scale(mark), 30), width - 30)
        canvas.text(at, y + 24, text, "middle", "tick")
        canvas.text(at, y + 39, score(mark, name), "middle", "tick")
    if is_number(baseline):
        canvas.line(scale(baseline), y, scale(value), y, "progress")
    if interval:
        canvas.line(scale(interval[0]), y, scale(interval[1]), y, "interval")
    canvas.circle(scale(value), y, 6, "fill-1 ringed", words)
    canvas.text(min(max(scale(value), 40), width - 40), y - 16, score(value, name), "middle", "strong")
    return canvas.render()


def histogram(edges: Sequence[float], counts: Sequence[float], title: str, label: str, zero: bool = False) -> Markup:
    """Counts between edges; `zero` draws a line at 0 (for errors)."""
    canvas = Canvas(HALF, 240, label)
    top = max(counts, default=0) or 1
    plot = Plot.on(canvas, (edges[0], edges[-1]), (0, top * 1.04), (26, 12, 42, 52))
    plot.y_axis(_marks(0, top, 4), "rows")
    for k, count in enumerate(counts):
        x, end = plot.x(edges[k]), plot.x(edges[k + 1])
        tip = f"{_between(edges, k)}: {plural(count, 'row')}"
        canvas.rect(x + 0.5, plot.y(count), end - x - 1, plot.y(0) - plot.y(count), "fill-1", tip)
    plot.x_axis(_marks(edges[0], edges[-1]), title)
    if zero and edges[0] < 0 < edges[-1]:
        canvas.line(plot.x(0), plot.y.start, plot.x(0), plot.y.end, "limit")
    return canvas.render()


def _square(label: str, x_title: str, y_title: str) -> tuple[Canvas, Plot]:
    canvas = Canvas(HALF, 360, label)
    plot = Plot.on(canvas, (0, 1), (0, 1), (28, 20, 44, 52))
    plot.y_axis(_shares(), y_title)
    plot.x_axis(_shares(), x_title)
    return canvas, plot


def _curve_names(curves: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{clean(c['label'])} · area {score(c['area'])}" for c in curves]


def _legend(canvas: Canvas, names: Sequence[str], x: float, y: float, width: float) -> None:
    wide = min(max(text_width(n) for n in names) + 34, width)
    canvas.rect(x - 6, y - 16, wide + 6, 18 * len(names) + 4, "plate")
    for k, name in enumerate(names):
        canvas.line(x, y + k * 18 - 4, x + 18, y + k * 18 - 4, f"line {series_class(k)}")
        canvas.text(x + 25, y + k * 18, shorten(name, width - 25), "start", "tick")


def roc(curves: Sequence[Mapping[str, Any]], many: bool = False) -> Markup:
    """ROC curves with the diagonal of guessing; `curves` as in `engine.curves.ranking_curves`, of more than two
    classes when `many`."""
    names = _curve_names(curves)
    titles = ("other rows called so", "rows of the class found") if many else ("false alarms", "positive rows found")
    canvas, plot = _square("ROC curve. " + "; ".join(names), *titles)
    canvas.path(plot.points([(0, 0), (1, 1)]), "reference")
    if len(curves) == 1:
        canvas.path(plot.points([*_pairs(curves[0]["points"]), (1, 0)]), "area", closed=True)
    for k, curve in enumerate(curves):
        canvas.path(plot.points(_pairs(curve["points"])), f"line {series_class(k)}", names[k])
    widest = max(text_width(n) for n in names) + 30
    x = max(plot.x.end - widest, plot.x.start + 60)
    _legend(canvas, names, x, plot.y.start - 14 - 18 * (len(names) - 1), plot.x.end - x)
    return canvas.render()


def precision_recall(curves: Sequence[Mapping[str, Any]], many: bool = False) -> Markup:
    """Precision-recall curves; one curve is shown with the level that guessing reaches."""
    names = _curve_names(curves)
    found = "rows of the class found" if many else "positive rows found"
    canvas, plot = _square("Precision-recall curve. " + "; ".join(names), f"recall: {found}", "precision")
    if len(curves) == 1 and is_number(curves[0].get("share")):
        share = curves[0]["share"]
        canvas.path(plot.points([(0, share), (1, share)]), "reference", f"guessing: {percent(share)}")
        canvas.text(plot.x.end - 4, plot.y(share) - 6, f"guessing {percent(share)}", "end", "tick")
        canvas.path(plot.points([(0, 0), *_pairs(curves[0]["points"]), (1, 0)]), "area", closed=True)
    for k, curve in enumerate(curves):
        canvas.path(plot.points(_pairs(curve["points"])), f"line {series_class(k)}", names[k])
    _legend(canvas, names, plot.x.start + 12, plot.y.start - 14 - 18 * (len(names) - 1), plot.x.end - plot.x.start - 20)
    return canvas.render()


def _pairs(points: Sequence[Sequence[float]]) -> list[Point]:
    return [(float(p[0]), float(p[1])) for p in points]


def calibration(bins: Sequence[Mapping[str, Any]], ece: Any) -> Markup:
    """Stated probability against what happened; a dot's size follows the rows behind it."""
    label = f"Calibration: expected calibration error {score(ece)}"
    canvas, plot = _square(label, "probability stated", "share that came true")
    canvas.path(plot.points([(0, 0), (1, 1)]), "reference")
    solid = [(b["predicted"], b["observed"]) for b in bins if b["rows"] >= SOLID_ROWS]
    canvas.path(plot.points(solid), "line s1")
    most = max((b["rows"] for b in bins), default=1) or 1
    for b in bins:
        tip = f"stated {percent(b['predicted'])}, came true {percent(b['observed'])} ({plural(b['rows'], 'row')})"
        radius = 2.5 + 6.5 * (b["rows"] / most) ** 0.5
        css = "fill-1 ringed" + ("" if b["rows"] >= SOLID_ROWS else " far")
        canvas.circle(plot.x(b["predicted"]), plot.y(b["observed"]), radius, css, tip)
    return canvas.render()


def thresholds(table: Sequence[Mapping[str, float]], chosen: Any) -> Markup:
    """Precision, recall and share called positive for every decision threshold; a line marks the one in force."""
    canvas, plot = _square("Precision and recall by decision threshold", "decision threshold", "")
    names = ("precision", "recall", "share called positive")
    for k, key in enumerate(("precision", "recall", "selected")):
        points = [(row["threshold"], row[key]) for row in table]
        canvas.path(plot.points(points), f"line {series_class(k)}", names[k])
    if is_number(chosen):
        canvas.line(plot.x(chosen), plot.y.start, plot.x(chosen), plot.y.end, "limit")
        side = "end" if chosen > 0.6 else "start"
        at = plot.x(chosen) + (-6 if side == "end" else 6)
        canvas.text(at, plot.y.start - 8, f"in force: {percent(chosen)}", side, "tick")
    x = plot.x.start
    for k, name in enumerate(names):
        canvas.line(x, 12, x + 16, 12, f"line {series_class(k)}")
        canvas.text(x + 21, 16, name, "start", "tick")
        x += 38 + text_width(name)
    return canvas.render()


def predicted_against_true(sample: Sequence[Sequence[float]], unit: str = "") -> Markup:
    """A cloud of rows around the diagonal of right answers."""
    pairs = _pairs(sample)
    low = min(min(p) for p in pairs)
    high = max(max(p) for p in pairs)
    pad = 0.03 * ((high - low) or 1)
    canvas = Canvas(HALF, 360, f"Predicted against true values of {plural(len(pairs), 'row')}")
    plot = Plot.on(canvas, (low - pad, high + pad), (low - pad, high + pad), (28, 14, 44, 66))
    plot.y_axis(_marks(low, high), f"predicted{unit}")
    plot.x_axis(_marks(low, high, 5), f"true{unit}")
    canvas.path(plot.points([(low, low), (high, high)]), "reference")
    for true, said in pairs:
        canvas.circle(plot.x(true), plot.y(said), 2.6, "dot", f"true {figure(true)}, predicted {figure(said)}")
    return canvas.render()


def error_by_size(parts: Sequence[Mapping[str, float]], unit: str = "") -> Markup:
    """Mean absolute error and bias in tenths of the rows from the smallest to the largest true value."""
    canvas = Canvas(HALF, 360, "Mean absolute error and bias by size of the true value")
    low = min(0.0, *(p["bias"] for p in parts))
    high = max(p["mae"] for p in parts)
    plot = Plot.on(canvas, (0, len(parts)), (low * 1.08, high * 1.08), (28, 14, 58, 66))
    plot.y_axis(_marks(low, high), f"error{unit}")
    for k, p in enumerate(parts):
        x, wide = plot.x(k + 0.14), plot.x(0.72) - plot.x(0)
        where = f"true {figure(p['low'])} to {figure(p['high'])} ({plural(p['rows'], 'row')})"
        tip = f"{where}: mean absolute error {figure(p['mae'])}, bias {figure(p['bias'])}"
        canvas.rect(x, plot.y(p["mae"]), wide, plot.y(0) - plot.y(p["mae"]), "fill-1", tip)
        canvas.circle(x + wide / 2, plot.y(p["bias"]), 4, "fill-2 ringed", tip)
    canvas.line(plot.x.start, plot.y(0), plot.x.end, plot.y(0), "axis")
    ends = [(0.5, figure(parts[0]["low"])), (len(parts) - 0.5, figure(parts[-1]["high"]))]
    plot.x_axis(ends, "tenths of the rows, from small to large true values")
    canvas.text(
        plot.x.start, canvas.height - 4, "bars: mean absolute error · dots: bias (predicted − true)", "start", "tick"
    )
    return canvas.render()


# ----------------------------------------------------------------------------------------------------------- confusion
def confusion(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> Markup:
    """Rows are the truth, columns the answers; the tint is the share of the row. Numbers are written where they fit."""
    n = len(labels)
    names = [clean(v) for v in labels]
    room = min(max(max(text_width(v) for v in names) + 22, 52), 140)
    cell = min(112.0, max((HALF * (2 if n > 8 else 1) - room - 20) / n, 14.0))
    turned = max(text_width(v) for v in names) > cell - 4
    head = 24 + (min(room, 100) if turned else 18)
    canvas = Canvas(room + n * cell + 24, head + n * cell + 12, "Confusion matrix: rows truth, columns answers")
    canvas.text(room, 12, "answered →", "start", "axis-title")
    canvas.text(room - 10, head - 8, "true ↓", "end", "axis-title")
    for k, name in enumerate(names):
        middle = (k + 0.5) * cell
        canvas.text(room - 8, head + middle + 4, shorten(name, room - 10), "end", "tick", name)
        if turned:
            spin = f"rotate(-55 {room + middle:.1f} {head - 7:.1f})"
            short = shorten(name, 96)
            canvas.add("text", "tick", name, short, x=room + middle, y=head - 7, transform=spin)
        else:
            canvas.text(room + middle, head - 8, name, "middle", "tick")
    _cells(canvas, matrix, names, room, head, cell)
    return canvas.render()


def _cells(
    canvas: Canvas, matrix: Sequence[Sequence[int]], names: Sequence[str], left: float, top: float, cell: float
) -> None:
    widest = max((len(integer(v)) for row in matrix for v in row), default=1)
    written = widest * 7.5 + 4 <= cell
    for i, row in enumerate(matrix):
        whole = sum(row)
        for j, count in enumerate(row):
            share = count / whole if whole else 0.0
            x, y = left + j * cell, top + i * cell
            right = i == j
            tip = f"true {names[i]}, answered {names[j]}: {plural(count, 'row')}, {percent(share)} of the class"
            canvas.rect(x + 0.5, y + 0.5, cell - 1, cell - 1, "empty-cell")
            if count:
                tint = 0.12 + 0.88 * share
                canvas.rect(x + 0.5, y + 0.5, cell - 1, cell - 1, "fill-1" if right else "fill-2", tip, opacity=tint)
            if written and (count or len(matrix) <= 8):
                css = "cell on-fill" if share > 0.55 else "cell"
                small = cell >= 46 and count > 0
                canvas.text(x + cell / 2, y + cell / 2 + (0 if small else 4), integer(count), "middle", css, tip)
                if small:
                    canvas.text(x + cell / 2, y + cell / 2 + 15, percent(share), "middle", f"{css} cell-share", tip)


# --------------------------------------------------------------------------------------------------------- search
def score_over_time(trials: Sequence[Mapping[str, Any]], families: Sequence[str], name: str, lower: bool) -> Markup:
    """Every trial as a dot at the second it ended, coloured by family, with the best so far as a line. Trials far
    worse than the rest are drawn at the edge, so that the interesting part keeps its height."""
    values = sorted((t["score"] for t in trials), reverse=not lower)  # best first
    best, middle = values[0], values[len(values) // 2]
    reach = abs(best - middle) * 3 or abs(best) * 0.01 or 0.01
    worst = min(values[-1], best + reach) if lower else max(values[-1], best - reach)
    pad = abs(best - worst) * 0.12 or reach
    low, high = sorted((best - pad if lower else best + pad, worst + pad if lower else worst - pad))
    ends = max(t["seconds"] for t in trials) * 1.02 or 1.0
    canvas = Canvas(WIDE, 300, f"Cross-validated {name} over time; best {score(best, name)}")
    plot = Plot.on(canvas, (0, ends), (low, high), (28, 16, 44, 66))
    plot.y_axis([(t, score(t, name)) for t in ticks(low, high, 5)], f"{metric_title(name)}, validated")
    plot.x_axis([(t, duration(t) if t else "0") for t in ticks(0, ends, 8)], "time since the search began")
    canvas.path(plot.points(_best_line(trials, ends, low, high, lower)), "best-line", "best so far")
    for t in trials:
        far = not low <= t["score"] <= high
        y = min(max(t["score"], low), high)
        which = families.index(t["family"]) if t["family"] in families else SERIES
        tip = f"{t['family']}, trial {t['trial']}: {score(t['score'], name)} after {duration(t['seconds'])}"
        css = f"fill-{min(which, SERIES - 1) + 1} ringed" + (" far" if far else "")
        canvas.circle(plot.x(t["seconds"]), plot.y(y), 4.5, css, tip + (" (far outside the picture)" if far else ""))
    return canvas.render()


def _best_line(trials: Sequence[Mapping[str, Any]], ends: float, low: float, high: float, lower: bool) -> list[Point]:
    points: list[Point] = []
    best: float | None = None
    for t in sorted(trials, key=lambda one: one["seconds"]):
        value = t["score"]
        if best is None or (value < best if lower else value > best):
            if best is not None:
                points.append((t["seconds"], min(max(best, low), high)))
            best = value
            points.append((t["seconds"], min(max(value, low), high)))
    return [*points, (ends, min(max(best, low), high))] if best is not None else []
