"""Rows that came since a forecast was learned, in the shape that its bundle asks for, by the steps it remembers.

Knows nothing of models or files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import pandas as pd

from ..errors import InputError
from . import coarsening, happenings, shaping
from .meaning import read_column
from .shaping import Step, require, shaped

Rows = Sequence[Mapping[str, Any]]


def requests_of(predictor: Any, rows: Rows, file: str = "") -> Rows:
    """What a loaded bundle is asked for `rows` of a table. Those of a table of values over time are newer values, which
    each series goes on from; they may stand in the shape of the data learned from. `file` is what the file is called
    without its ending. Raises InputError that names what the rows lack."""
    settings = predictor.manifest.settings
    if "timeline" in settings and rows and not any("horizon" in row for row in rows):
        rows = _in_shape(rows, settings, predictor, file)
    asked: Rows = predictor.requests(rows)
    return asked


def _in_shape(rows: Rows, settings: Mapping[str, Any], predictor: Any, file: str) -> Rows:
    frame = pd.DataFrame(list(rows)).astype(object)
    for step in settings["shaped"]:
        frame = _after(_as_texts(frame, _read_by(step)), step, predictor.key_names, predictor.keys, file)
    frame = _below_one_another(_as_texts(frame, [settings["time"]]), settings["time"], predictor)
    return [{str(k): v for k, v in row.items()} for row in frame.where(frame.notna(), None).to_dict("records")]


def _read_by(step: Step) -> list[str]:
    """The columns whose cells a step reads as texts. All others are handed on as they are: a number stays a number,
    however the data learned from wrote its decimals."""
    parts = step["parts"].values() if step["do"] == shaping.PARTS else ()
    return [*(step[k] for k in ("year", "column", "when") if k in step), *parts, *step.get("keys", ())]


def _as_texts(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    told = {n: frame[n].map(_text).astype(object) for n in names if n in frame.columns}
    return frame.assign(**told)


def _text(cell: Any) -> str | None:
    if pd.isna(cell):
        return None
    return f"{cell:.15g}" if isinstance(cell, Real) else str(cell)


def _below_one_another(frame: pd.DataFrame, time: str, predictor: Any) -> pd.DataFrame:
    """Series that stand side by side, though they did not in the data learned from."""
    value = predictor.manifest.target.name
    if value in frame.columns or time not in frame.columns or len(predictor.key_names) != 1:
        return frame
    there = [key for (key,) in predictor.keys if key in frame.columns]
    (name,) = predictor.key_names
    step = {"do": shaping.COLUMNS, "columns": there, "series": name, "value": value}
    return shaped(frame, step)[0] if there else frame


def _after(
    frame: pd.DataFrame, step: Step, key_names: Sequence[str], series: Sequence[tuple[str, ...]], file: str
) -> pd.DataFrame:
    """The table after a step, as it is where the step is done already."""
    there = set(map(str, frame.columns))
    match step["do"]:
        case shaping.ORDER:
            return frame  # what has no moment follows the last value
        case shaping.FILES:
            return frame if step["series"] in there else frame.assign(**{step["series"]: file})
        case happenings.COUNTED:
            return frame if {happenings.TIME, happenings.COUNT} <= there else _counted(frame, step, key_names, series)
        case coarsening.COARSER:
            return _whole(frame, step)
        case shaping.HEADER | shaping.MONTHS if {step["time"], step["value"]} <= there:
            return frame
        case shaping.COLUMNS if {step["series"], step["value"]} <= there:
            return frame
        case shaping.PARTS if step["time"] in there:
            return frame
        case shaping.FRACTIONS if _dated(frame, step["column"]):
            return frame
        case shaping.HEADER:
            return shaped(frame, {**step, "named": None})[0]
        case _:
            return shaped(frame, step)[0]


def _counted(
    frame: pd.DataFrame, step: Step, key_names: Sequence[str], series: Sequence[tuple[str, ...]]
) -> pd.DataFrame:
    keys = list(step["keys"])
    require(frame, [step["when"], *keys])
    place = [list(key_names).index(k) for k in keys] if set(keys) == set(key_names) else []
    known = [tuple(key[i] for i in place) for key in series] if place else []
    return happenings.counted_newer(frame, step, known)


def _whole(frame: pd.DataFrame, step: Step) -> pd.DataFrame:
    when = step["when"]
    require(frame, [when])
    out, kept = coarsening.coarser(frame, step)
    if not len(kept):
        raise InputError(f"the rows cover no whole {step['step']}, by which the model forecasts", column=when)
    return out


def _dated(frame: pd.DataFrame, name: str) -> bool:
    return name in frame.columns and read_column(name, frame[name]).dates is not None
