"""Builds what is served of a selection: the members' numbers, their graphs, an interval, and the newest values.

Runs where trials run (see `ports.Line`); it knows nothing of how the selection was made.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import registry
from ..domain.run import Member, TrialResult
from ..engine.build import read_result
from ..engine.seeding import seed_of
from ..errors import TrainerError
from ..ports import SeriesContext, SeriesFamily
from ..serve.series.forecaster import Forecaster, scale_of
from ..store.files import read_json, write_json
from .fitted import FittedSeries, running
from .panel import Float64, Panel
from .prepare import make_panel, open_rows
from .scores import COVERED, direction, score
from .train import FORECASTS, last_season, validation
from .windows import Cases

COVERAGE = 0.9
MOST_ERRORS = 400  # cases whose errors are kept for intervals
NEIGHBOURS = 16  # a step's errors are pooled with those of so many parts of the horizon around it
TIMED = 20
FIT_SHARE = 0.4  # of a trial's seconds: what fitting once more takes, at most
HISTORY, ERRORS = "history.json", "errors.json"
PARITY_LIMIT = 1e-3
"""Largest difference of a graph from what was trained, on the scale of its windows."""


def build(
    folder: str,
    task: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    single_best: int,
    metadata: Mapping[str, str],
) -> dict[str, Any]:
    """Writes data/served/ and gives the facts of `ports.BUILT`, with the settings of the codec."""
    run = Path(folder)
    panel = Panel.load(run / "data" / "prepared")
    chosen = [Member(int(m["trial"]), float(m["weight"])) for m in members]
    fitted = [FittedSeries.load(run / "trials" / f"{m.trial:04d}") for m in chosen]
    worst = max((f.parity for f in fitted), default=0.0)
    if worst > PARITY_LIMIT:
        raise TrainerError(f"a graph differs from what was trained by {worst:.2g}")
    out = run / "data" / "served"
    out.mkdir(exist_ok=True)
    listed, files = [], {HISTORY: f"data/served/{HISTORY}"}
    for place, (member, one) in enumerate(zip(chosen, fitted, strict=True)):
        told = {**one.member, "weight": round(member.weight, 6)}
        if one.graph:
            told["file"] = f"model_{place}.onnx"
            (out / told["file"]).write_bytes(one.graph)
            files[told["file"]] = f"data/served/{told['file']}"
        listed.append(told)
    found = validation(panel)
    errors = relative_errors(panel, found, _validated(run, chosen))
    settings = {
        "timeline": panel.timeline.to_json(),
        "season": panel.season,
        "horizon": panel.horizon,
        "key_names": panel.facts["key_names"],
        "time": panel.facts["time"],
        "members": listed,
        "interval": interval(errors, panel.horizon, promised(task)),
        "example": _row(panel, panel.keys[0]),
    }
    write_json(out / ERRORS, errors)
    write_json(out / HISTORY, newest(panel, max(int(m["keep"]) for m in listed)))
    results = {m.trial: read_result(run / "trials", m.trial) for m in chosen}
    names = ", ".join(f"{results[m.trial].candidate.family.replace('_', ' ')} {m.weight:.0%}" for m in chosen)
    facts = {
        "size_mb": sum((run / path).stat().st_size for path in files.values()) / 1e6,
        "us_per_row_1": _price(
            listed, {m["file"]: f.graph for m, f in zip(listed, fitted, strict=True) if f.graph}, panel
        ),
        "parity_max": worst,
        "parity_rows": len(found.at),
        "parameters": sum(f.parameters for f in fitted),
        "members": [{"trial": m.trial, "weight": m.weight} for m in chosen],
        "why": [f"forecasts are the mean of {names}" if len(chosen) > 1 else f"forecasts by {names}"],
        "fallback": "",
        "files": files,
        "settings": settings,
        "metadata": dict(metadata),
    }
    write_json(out / "facts.json", facts)
    return facts


def _validated(run: Path, members: Sequence[Member]) -> Float64:
    """What the members together said at the validation's starting points."""
    total = sum(m.weight for m in members)
    parts = [
        m.weight / total * np.load(run / "trials" / f"{m.trial:04d}" / FORECASTS, allow_pickle=False) for m in members
    ]
    return np.asarray(np.sum(parts, axis=0))


def relative_errors(panel: Panel, found: Cases, said: Float64) -> list[list[float]]:
    """Truth minus forecast of each case and step in units of how much the series moved; at most a few hundred cases."""
    scale = np.array([_scale(panel, int(s), int(a)) for s, a in zip(found.which, found.at, strict=True)])
    errors = np.round((found.truth - said) / scale[:, None], 5)
    chosen = np.unique(np.linspace(0, len(errors) - 1, min(len(errors), MOST_ERRORS)).round().astype(int))
    return [[None if not np.isfinite(v) else float(v) for v in row] for row in errors[chosen]]  # type: ignore[misc]


def promised(task: Mapping[str, Any]) -> float:
    """The share of true values that intervals are to hold: as stated, within reason, or nine in ten."""
    stated = [r["limit"] for r in task["requirements"] if r["name"] == COVERED and r["direction"] == ">="]
    return float(np.clip(stated[0], 0.5, 0.99)) if stated else COVERAGE


def interval(listed: Sequence[Sequence[float | None]], horizon: int, coverage: float) -> dict[str, Any]:
    """Bounds of each step from relative errors (cases, horizon): split-conformal quantiles (Stankevičiūtė et al. 2021),
    each step's errors pooled with its neighbours', wider the further ahead."""
    errors = np.array([[np.nan if v is None else v for v in row] for row in listed], dtype=np.float64)
    around = max(1, horizon // NEIGHBOURS)
    lows: list[float] = []
    highs: list[float] = []
    for step in range(horizon):
        near = errors[:, max(0, step - around) : step + around + 1]
        near = near[np.isfinite(near)]
        rank = min(1.0, (1 + coverage) / 2 * (1 + 1 / max(len(near), 1)))
        lows.append(float(np.quantile(near, 1 - rank)) if len(near) else (lows[-1] if lows else -1.0))
        highs.append(float(np.quantile(near, rank)) if len(near) else (highs[-1] if highs else 1.0))
    low, high = np.minimum.accumulate(np.minimum(lows, 0.0)), np.maximum.accumulate(np.maximum(highs, 0.0))
    return {"coverage": coverage, "low": np.round(low, 6).tolist(), "high": np.round(high, 6).tolist()}


def _scale(panel: Panel, series: int, at: int) -> float:
    """How much a series moved in the three seasons before a step, as the server measures it."""
    return scale_of(panel.history(series, at)[-(3 * panel.season + 1) :], panel.season)


def newest(panel: Panel, keep: int) -> dict[str, Any]:
    """The values that a service begins with: as many as its members read and as intervals and pictures need."""
    most = max(keep, 3 * panel.season + 1, 2 * panel.horizon)
    keys, ends, values = [], [], []
    for number, key in enumerate(panel.keys):
        inside = np.flatnonzero(np.isfinite(panel.values[number]))
        keys.append(list(key))
        ends.append(int(inside[-1]) + 1)
        values.append([float(f"{v:.9g}") for v in panel.history(number, panel.steps)[-most:]])
    return {"keys": keys, "ends": ends, "values": values}


def _price(members: Sequence[Mapping[str, Any]], graphs: Mapping[str, bytes], panel: Panel) -> float:
    """Median microseconds of one forecast of one series."""
    runner = Forecaster(members, {n: running(g) for n, g in graphs.items()}, panel.timeline, panel.season)
    number = int(np.isfinite(panel.values).sum(axis=1).argmax())
    history, times = panel.history(number, panel.steps), []
    for _ in range(TIMED):
        start = time.perf_counter()
        runner.forecast([history], [panel.steps], [number], panel.horizon)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e6


def validate(folder: str, task: Mapping[str, Any], metric: str) -> float | None:
    """A metric of the selection as built, over the validation's starting points; None for what is no such metric."""
    try:
        direction(metric)
    except TrainerError:
        return None
    if metric == COVERED:
        return promised(task)
    run = Path(folder)
    panel = Panel.load(run / "data" / "prepared")
    found = validation(panel)
    members = [Member(m["trial"], m["weight"]) for m in read_json(run / "data" / "graph.json")["members"]]
    return score(metric, found.truth, _validated(run, members), last_season(panel, found))


def examples(folder: str, most: int) -> list[dict[str, Any]]:
    """Rows as a client sends them: each series in turn, as far ahead as was asked for."""
    panel = Panel.load(Path(folder) / "data" / "prepared")
    return [_row(panel, key) for key in panel.keys[:most]]


def _row(panel: Panel, key: tuple[str, ...]) -> dict[str, Any]:
    """A request for the next steps of one series."""
    names = panel.facts["key_names"]
    series = key[0] if len(names) == 1 else dict(zip(names, key, strict=True))
    return {"horizon": panel.horizon, **({"series": series} if names else {})}


def refresh(folder: str, task: Mapping[str, Any], seconds: float, seed: int) -> dict[str, Any]:
    """The same members with the same settings, learned again with the hold-out as far as `seconds` go, the newest
    values of all data, and an interval that also knows the errors on the hold-out."""
    run = Path(folder)
    served = run / "data" / "served"
    facts = read_json(served / "facts.json")
    panel = whole_panel(run)
    settings, files = facts["settings"], dict(facts["files"])
    listed, again, left = [], 0, seconds
    for place, (told, chosen) in enumerate(zip(settings["members"], facts["members"], strict=True)):
        result = read_result(run / "trials", int(chosen["trial"]))
        left -= FIT_SHARE * result.seconds
        newer = _again(result, panel, task, seed) if left > 0 else None
        if newer is None:
            listed.append(told)
            continue
        again += 1
        member = {**newer.member, "weight": told["weight"]}
        if newer.graph:
            member["file"] = told["file"]
            files[told["file"]] = f"data/served/now_{place}.onnx"
            (run / files[told["file"]]).write_bytes(newer.graph)
        listed.append(member)
    write_json(served / "history_now.json", newest(panel, max(int(m["keep"]) for m in listed)))
    files[HISTORY] = "data/served/history_now.json"
    found = json.loads((run / "data" / "evaluation.json").read_text(encoding="utf-8"))["forecast"]["errors"]
    bounds = interval([*read_json(served / ERRORS), *found], panel.horizon, promised(task))
    return {
        "files": files,
        "settings": {**settings, "members": listed, "interval": bounds},
        "relearned": again,
    }


def _again(result: TrialResult, panel: Panel, task: Mapping[str, Any], seed: int) -> FittedSeries | None:
    """The candidate of a trial fitted to all values; None where its graph cannot be trusted."""
    family: SeriesFamily = registry.get("families", result.candidate.family)
    context = SeriesContext(task["metrics"][0]["name"], seed_of(seed, result.index), 1)
    fitted = family.fit(result.candidate.params, panel, context)
    return fitted if fitted.parity <= PARITY_LIMIT else None


def whole_panel(run: Path) -> Panel:
    """All values, hold-out included, of the series that were learned, in their order."""
    done = read_json(run / "data" / "prepared.json")["settings"]
    rows = open_rows(run, ["train.parquet", "holdout.parquet"])
    panel, _, _ = make_panel(rows, done, rows.facts["horizon"])
    known = Panel.load(run / "data" / "prepared").keys
    number = {key: i for i, key in enumerate(panel.keys)}
    order = [number[key] for key in known]
    return replace(panel, values=panel.values[order], known=panel.known[order], keys=known)
