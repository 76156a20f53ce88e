"""Example rows for documents and for the form of /try: from the columns' declared examples, never from real rows."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from PIL import Image, ImageDraw

from ...domain.data import Column
from ...serve.values import date_text


def example_row(columns: Sequence[Column]) -> dict[str, Any]:
    """One typical row, as JSON values."""
    return {c.name: example_value(c) for c in columns}


def example_value(column: Column) -> Any:
    """A typical value: the declared example, else one that fits what the column takes."""
    if column.example is not None:
        return column.example
    made = {
        "number": _number,
        "boolean": _boolean,
        "category": _category,
        "date": _date,
        "text": _text,
        "image": _image,
    }
    return made[column.kind](column)


def _number(column: Column) -> int | float | None:
    low, high = column.low, column.high
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return 1 if column.integer else 1.5
    middle = (low + high) / 2
    return round(middle) if column.integer else float(f"{middle:.4g}")


def _boolean(column: Column) -> str | bool:
    return column.true_words[0] if column.true_words else True


def _category(column: Column) -> str | None:
    return column.categories[0] if column.categories else None


def _date(column: Column) -> str | int:
    days = ((column.low or 0) + (column.high or 0)) / 2
    moment = datetime.fromisoformat(column.date_origin).replace(tzinfo=None) + timedelta(days=round(days))
    form = column.date_formats[0] if column.date_formats else "iso"
    if form in ("epoch_s", "epoch_ms"):
        seconds = (moment - datetime(1970, 1, 1)) // timedelta(seconds=1)
        return seconds if form == "epoch_s" else seconds * 1000
    return date_text(moment, "%Y-%m-%d" if form == "iso" else form)


def _image(column: Column) -> str:
    """A small painted picture, as base64: a dark disc on a light ground."""
    picture = Image.new("P", (32, 24), 0)
    picture.putpalette([214, 224, 235, 90, 70, 60])
    ImageDraw.Draw(picture).ellipse((8, 4, 24, 20), fill=1)
    written = io.BytesIO()
    picture.save(written, "PNG", optimize=True, bits=1)
    return base64.b64encode(written.getvalue()).decode()


def _text(column: Column) -> str:
    words = [w for w in column.words if " " not in w]
    return " ".join(words[:6]) or "some text"
