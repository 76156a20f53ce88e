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
from ..serve.series.covariates import Effects, effect_window, example_of
from ..serve.series.forecaster import Forecaster, scale_of
from ..store.files import read_json, write_json
from .covariates import described, estimated, table_of
from .fitted import FittedSeries, running
from .intervals import Errors, bounds, chosen
from .panel import Float64, Panel
from .prepare import make_panel, open_rows
from .scores import COVERED, direction, score
from .train import EFFECTS, FORECASTS, fit, validation, yardstick
from .windows import Cases

COVERAGE = 0.9
MOST_ERRORS = 400  # cases whose errors are kept for intervals
TIMED = 20
FIT_SHARE = 0.4  # of a trial's seconds: what fitting once more takes, at most
HISTORY, ERRORS, TOLD = "history.json", "errors.json", "effects.json"
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
    picked = [Member(int(m["trial"]), float(m["weight"])) for m in members]
    fitted = [FittedSeries.load(run / "trials" / f"{m.trial:04d}") for m in picked]
    worst = max((f.parity for f in fitted), default=0.0)
    if worst > PARITY_LIMIT:
        raise TrainerError(f"a graph differs from what was trained by {worst:.2g}")
    out = run / "data" / "served"
    out.mkdir(exist_ok=True)
    listed, files = [], {HISTORY: f"data/served/{HISTORY}"}
    for place, (member, one) in enumerate(zip(picked, fitted, strict=True)):
        told = {**one.member, "weight": round(member.weight, 6)}
        if one.graph:
            told["file"] = f"model_{place}.onnx"
            (out / told["file"]).write_bytes(one.graph)
            files[told["file"]] = f"data/served/{told['file']}"
        listed.append(told)
    found = validation(panel)
    errors = relative_errors(panel, found, _validated(run, picked))
    effects = estimated(panel) if any(m.get(EFFECTS) for m in listed) else None
    settings = {
        "timeline": panel.timeline.to_json(),
        "season": panel.season,
        "horizon": panel.horizon,
        "key_names": panel.facts["key_names"],
        "time": panel.facts["time"],
        "gather": panel.facts["gather"],
        "irregular": panel.facts["irregular"],
        "shaped": panel.facts["shaped"],
        "members": listed,
        "interval": bounds(Errors.from_json(errors), panel.horizon, promised(task)),
        "example": _row(panel, panel.keys[0], effects),
        "effects": effects.to_json() if effects is not None else None,
    }
    if effects is not None:
        write_json(out / TOLD, described(panel))
    write_json(out / ERRORS, errors)
    write_json(out / HISTORY, newest(panel, max(int(m["keep"]) for m in listed), effects))
    results = {m.trial: read_result(run / "trials", m.trial) for m in picked}
    names = ", ".join(f"{results[m.trial].candidate.family.replace('_', ' ')} {m.weight:.0%}" for m in picked)
    facts = {
        "size_mb": sum((run / path).stat().st_size for path in files.values()) / 1e6,
        "us_per_row_1": _price(
            listed, {m["file"]: f.graph for m, f in zip(listed, fitted, strict=True) if f.graph}, panel
        ),
        "parity_max": worst,
        "parity_rows": len(found.at),
        "parameters": sum(f.parameters for f in fitted),
        "members": [{"trial": m.trial, "weight": m.weight} for m in picked],
        "why": [f"forecasts are the mean of {names}" if len(picked) > 1 else f"forecasts by {names}"],
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


def relative_errors(panel: Panel, found: Cases, said: Float64) -> dict[str, Any]:
    """Truth minus forecast of each case and step in units of how much the series moved, as JSON (`Errors`); at most a
    few hundred cases."""
    scale = np.array([_scale(panel, int(s), int(a)) for s, a in zip(found.which, found.at, strict=True)])
    kept = chosen(len(scale), MOST_ERRORS)
    return Errors(found.at[kept], ((found.truth - said) / scale[:, None])[kept]).to_json()


def promised(task: Mapping[str, Any]) -> float:
    """The share of true values that intervals are to hold: as stated, within reason, or nine in ten."""
    stated = [r["limit"] for r in task["requirements"] if r["name"] == COVERED and r["direction"] == ">="]
    return float(np.clip(stated[0], 0.5, 0.99)) if stated else COVERAGE


def _scale(panel: Panel, series: int, at: int) -> float:
    """How much a series moved in the three seasons before a step, as the server measures it."""
    return scale_of(panel.history(series, at)[-(3 * panel.season + 1) :], panel.season)


def newest(panel: Panel, keep: int, effects: Effects | None) -> dict[str, Any]:
    """The values that a service begins with: as many as its members read and as intervals and pictures need; with what
    covariates did at their steps, and what is known of them after the last value."""
    most = max(keep, 3 * panel.season + 1, 2 * panel.horizon, effect_window(panel.season) if effects else 0)
    keys, ends, values = [], [], []
    done, planned = [], []
    until = panel.steps if panel.numbers is None else max(panel.steps, panel.numbers.shape[1])
    table = table_of(panel, effects, until) if effects is not None else None
    for number, key in enumerate(panel.keys):
        inside = np.flatnonzero(np.isfinite(panel.values[number]))
        keys.append(list(key))
        ends.append(int(inside[-1]) + 1)
        values.append([float(f"{v:.9g}") for v in panel.history(number, panel.steps)[-most:]])
        if table is not None and panel.numbers is not None:
            done.append(_short(table[number, ends[-1] - len(values[-1]) : ends[-1]]))
            later = np.asarray(np.isfinite(panel.numbers[number, ends[-1] :]).any(axis=1))
            known = int(np.argmin(later)) if not later.all() else len(later)
            planned.append(_short(table[number, ends[-1] : ends[-1] + known]))
    found: dict[str, Any] = {"keys": keys, "ends": ends, "values": values}
    return found if effects is None else {**found, "effects": done, "planned": planned}


def _short(values: Float64) -> list[float]:
    return [float(f"{v:.6g}") for v in values]


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
    return score(metric, found.truth, _validated(run, members), yardstick(panel, found))


def examples(folder: str, most: int) -> list[dict[str, Any]]:
    """Rows as a client sends them: each series in turn, as far ahead as was asked for."""
    panel = Panel.load(Path(folder) / "data" / "prepared")
    found = read_json(Path(folder) / "data" / "served" / "facts.json")["settings"]["effects"]
    effects = Effects.from_json(found) if found else None
    return [_row(panel, key, effects) for key in panel.keys[:most]]


def _row(panel: Panel, key: tuple[str, ...], effects: Effects | None = None) -> dict[str, Any]:
    """A request for the next steps of one series, with what is known of the first of them."""
    names = panel.facts["key_names"]
    series = key[0] if len(names) == 1 else dict(zip(names, key, strict=True))
    row = {"horizon": panel.horizon, **({"series": series} if names else {})}
    if effects is None:
        return row
    return {**row, "future": [{c.name: example_of(c) for c in effects.covariates}] * panel.horizon}


def refresh(folder: str, task: Mapping[str, Any], seconds: float, seed: int) -> dict[str, Any]:
    """The same members with the same settings, learned again with the hold-out as far as `seconds` go, the newest
    values of all data, and an interval that also knows the errors on the hold-out."""
    run = Path(folder)
    served = run / "data" / "served"
    facts = read_json(served / "facts.json")
    panel = whole_panel(run)
    settings, files = facts["settings"], dict(facts["files"])
    listed, again, left = [], 0, seconds
    for place, (told, member_of) in enumerate(zip(settings["members"], facts["members"], strict=True)):
        result = read_result(run / "trials", int(member_of["trial"]))
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
    effects = estimated(panel) if any(m.get(EFFECTS) for m in listed) else None
    if effects is not None:
        settings = {**settings, "effects": effects.to_json()}
        write_json(served / TOLD, described(panel))
    write_json(served / "history_now.json", newest(panel, max(int(m["keep"]) for m in listed), effects))
    files[HISTORY] = "data/served/history_now.json"
    found = json.loads((run / "data" / "evaluation.json").read_text(encoding="utf-8"))["forecast"]["errors"]
    known = Errors.from_json(read_json(served / ERRORS), found)
    return {
        "files": files,
        "settings": {**settings, "members": listed, "interval": bounds(known, panel.horizon, promised(task))},
        "relearned": again,
    }


def _again(result: TrialResult, panel: Panel, task: Mapping[str, Any], seed: int) -> FittedSeries | None:
    """The candidate of a trial fitted to all values; None where its graph cannot be trusted."""
    family: SeriesFamily = registry.get("families", result.candidate.family)
    context = SeriesContext(task["metrics"][0]["name"], seed_of(seed, result.index), 1)
    fitted, _ = fit(family, result.candidate.params, panel, context)
    return fitted if fitted.parity <= PARITY_LIMIT else None


def whole_panel(run: Path) -> Panel:
    """All values, hold-out included, of the series that were learned, in their order."""
    done = read_json(run / "data" / "prepared.json")["settings"]
    rows = open_rows(run, ["train.parquet", "holdout.parquet"])
    learned = Panel.load(run / "data" / "prepared")
    panel, _, _ = make_panel(rows, done, rows.facts["horizon"], learned.covariates)
    number = {key: i for i, key in enumerate(panel.keys)}
    order = [number[key] for key in learned.keys]
    numbers = panel.numbers[order] if panel.numbers is not None else None
    return replace(panel, values=panel.values[order], known=panel.known[order], keys=learned.keys, numbers=numbers)
