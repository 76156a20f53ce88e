"""Drawing primitives: a canvas that builds one inline SVG, linear scales and round ticks. Colours are CSS classes, so
that a drawing follows the page into dark mode. Knows nothing of models or data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from markupsafe import Markup

from .wording import clean

TEXT_PX = 12.0


@dataclass(frozen=True)
class Scale:
    """Maps [low, high] to [start, end] linearly; a range without width maps to the middle."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        if self.high == self.low:
            return (self.start + self.end) / 2
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values within [low, high], roughly `about` of them (steps of 1, 2, 2.5 or 5 times a power of ten)."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    raw = span / max(about, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 12) + 0.0 for k in range(first, last + 1)]


def text_width(text: str, size: float = TEXT_PX) -> float:
    """A safe estimate of a text's width in pixels; wide (CJK, emoji) characters count double."""
    return sum(1.0 if ord(c) > 0x1100 else 0.58 for c in text) * size


def shorten(text: str, width: float, size: float = TEXT_PX) -> str:
    """The text cut to `width` pixels with an ellipsis."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text + "…"


class Canvas:
    """One SVG with a text alternative. Coordinates are pixels of the view box, y downwards."""

    def __init__(self, width: float, height: float, label: str, css: str = "chart") -> None:
        self.width, self.height = width, height
        attributes = {
            "class": css,
            "viewBox": f"0 0 {_short(width)} {_short(height)}",
            "width": _short(width),
            "height": _short(height),
            "role": "img",
            "aria-label": clean(label),
        }
        self._root = ElementTree.Element("svg", attributes)

    def add(self, tag: str, css: str = "", tip: str = "", text: str = "", **attributes: float | str) -> None:
        """Adds an element. `tip` shows on hover; underscores in attribute names become hyphens."""
        given = {k.rstrip("_").replace("_", "-"): _short(v) for k, v in attributes.items()}
        element = ElementTree.SubElement(self._root, tag, {"class": css, **given} if css else given)
        if text:
            element.text = clean(text)
        if tip:
            ElementTree.SubElement(element, "title").text = clean(tip)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        css: str,
        tip: str = "",
        round_: float = 0,
        opacity: float = 1,
    ) -> None:
        more = ({"rx": round_} if round_ else {}) | ({"fill_opacity": f"{opacity:.2f}"} if opacity < 1 else {})
        self.add("rect", css, tip, "", **{"x": x, "y": y, "width": max(width, 0), "height": max(height, 0), **more})

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        self.add("line", css, x1=x1, y1=y1, x2=x2, y2=y2)

    def circle(self, x: float, y: float, radius: float, css: str, tip: str = "") -> None:
        self.add("circle", css, tip, cx=x, cy=y, r=radius)

    def text(self, x: float, y: float, words: str, anchor: str = "start", css: str = "", tip: str = "") -> None:
        more = {} if anchor == "start" else {"text_anchor": anchor}
        self.add("text", css, tip, words, x=x, y=y, **more)

    def path(self, points: Sequence[tuple[float, float]], css: str, tip: str = "", closed: bool = False) -> None:
        """A polyline through the points, which are (x, y) in pixels."""
        steps = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
        if steps:
            self.add("path", css, tip, d=f"M{steps}" + ("Z" if closed else ""))

    def render(self) -> Markup:
        return Markup(ElementTree.tostring(self._root, encoding="unicode", short_empty_elements=False))


@dataclass(frozen=True)
class Plot:
    """The rectangle inside the axes of a canvas, with its two scales."""

    canvas: Canvas
    x: Scale
    y: Scale

    @classmethod
    def on(
        cls,
        canvas: Canvas,
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        margin: tuple[float, float, float, float] = (12, 12, 40, 46),
    ) -> Plot:
        """`margin` is top, right, bottom, left in pixels."""
        top, right, bottom, left = margin
        x = Scale(*x_range, left, canvas.width - right)
        y = Scale(*y_range, canvas.height - bottom, top)
        return cls(canvas, x, y)

    def x_axis(self, marks: Sequence[tuple[float, str]], title: str = "") -> None:
        base = self.y.start
        self.canvas.line(self.x.start, base, self.x.end, base, "axis")
        for value, words in marks:
            self.canvas.text(self.x(value), base + 16, words, "middle", "tick")
        if title:
            self.canvas.text((self.x.start + self.x.end) / 2, base + 34, title, "middle", "axis-title")

    def y_axis(self, marks: Sequence[tuple[float, str]], title: str = "") -> None:
        """Horizontal grid lines with their labels; the title stands above the axis, so nobody must tilt the head."""
        for value, words in marks:
            self.canvas.line(self.x.start, self.y(value), self.x.end, self.y(value), "grid")
            self.canvas.text(self.x.start - 7, self.y(value) + 4, words, "end", "tick")
        if title:
            self.canvas.text(self.x.start, self.y.end - 10, title, "start", "axis-title")

    def points(self, values: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(self.x(a), self.y(b)) for a, b in values]


def _short(value: float | str) -> str:
    """A number with at most one decimal: a tenth of a pixel is invisible, and reports stay small."""
    if isinstance(value, str):
        return clean(value)
    rounded = round(value, 1) if math.isfinite(value) else 0.0
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)
