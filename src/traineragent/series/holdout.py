"""Opens the hold-out of series once: asks the bundle at every starting point, as a client with newer values would.

Runs where trials run (see `ports.Line`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.task import Direction
from ..engine.evaluate import Evaluation, MetricValue
from ..errors import TrainerError
from ..serve.series.covariates import Covariate
from ..serve.served import Served, open_bundle
from ..store.files import read_json, write_json
from .build import TOLD, promised, relative_errors, whole_panel
from .fitted import FittedSeries, forecaster
from .panel import Float64, Panel
from .prepare import cells_of, open_rows
from .scores import COVERED, SKILL, SKILLS, Yardstick, direction, score
from .train import yardstick
from .windows import Cases, cases, forecasts, origins

BASELINES = ("seasonal_naive", "naive", "drift")
OTHERS = ("mae", "rmse", "mape", SKILL)
RESAMPLES, FEWEST_RESAMPLES = 500, 100
RESAMPLED_CELLS = 40_000_000  # that all resamples may look at; the fewest come first
NEAR_ZERO = 0.02  # of the mean: where true values come so near to 0, percentages of them say nothing
ASKED_AT_ONCE = 200
PICTURED = 3  # series in the report's picture
PAST = 3  # horizons of history before a pictured forecast


def evaluate(folder: str, task: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Scores the bundle's forecasts of the sealed steps into data/evaluation.json, beside the naive ones."""
    run = Path(folder)
    panel = whole_panel(run)
    cut = int(read_json(run / "data" / "split.json")["facts"]["cut"])
    found = cases(panel, origins(cut, panel.steps, panel.horizon))
    said, low, high = _asked(open_bundle(run / "bundle"), panel, found, cut, _Known.open(run, panel))
    naive = {name: _baseline(name, panel, found) for name in BASELINES}
    metric = task["metrics"][0]["name"]
    beside = yardstick(panel, found)
    judge = _Judge(found, beside, seed)
    truth = np.abs(found.truth[np.isfinite(found.truth)])
    others = _others(metric, task, bool(truth.min() > NEAR_ZERO * truth.mean()))
    measured = [m for m in (metric, *others) if m != COVERED]
    evaluation = Evaluation(
        kind="forecast",
        rows=int(panel.known[:, cut:].sum()),
        metric=judge.value(metric, said, low, high),
        others=tuple(judge.value(name, said, low, high) for name in others),
        residuals=_residuals(found.truth, said, low, high, promised(task)),
    )
    forecast = {
        "horizon": panel.horizon,
        "season": panel.season,
        "step": panel.timeline.word,
        "series": panel.series,
        "starts": len(found.starts),
        "by_step": _by_step(found.truth, said, naive["seasonal_naive"]),
        "windows": _by_window(panel, found, said, beside, metric),
        "baselines": [{"name": n, "values": {m: judge.of(m, v) for m in measured}} for n, v in naive.items()],
        "errors": relative_errors(panel, found, said),
        "effects": _effects(run),
        "pictures": _pictures(panel, found, said, low, high),
    }
    write_json(run / "data" / "evaluation.json", {"evaluation": asdict(evaluation), "forecast": forecast})
    return {"rows": evaluation.rows, "starts": len(found.starts)}


def _others(metric: str, task: Mapping[str, Any], relative: bool) -> list[str]:
    """Further metrics: those asked for and limited, then the usual ones. `relative`: shares of the truth make sense."""
    asked = [m["name"] for m in task["metrics"][1:]] + [r["name"] for r in task["requirements"]]
    known = [name for name in asked if _measurable(name)]
    usual = [name for name in OTHERS if name != "mape" or relative]
    usual = [name for name in usual if name not in SKILLS or not {metric, *known} & set(SKILLS)]
    return [name for name in dict.fromkeys([*known, *usual]) if name != metric]


def _measurable(name: str) -> bool:
    try:
        direction(name)
    except TrainerError:
        return False
    return True


class _Known:
    """What a client knows ahead, as it is written in the data."""

    def __init__(
        self,
        covariates: Sequence[Covariate],
        texts: Mapping[str, Sequence[str | None]],
        rows: Mapping[tuple[int, int], Sequence[int]],
    ) -> None:
        self.covariates, self.texts, self.rows = covariates, texts, rows

    @staticmethod
    def open(run: Path, panel: Panel) -> _Known:
        """Nothing where no column is known ahead. What cannot be read is left out, as a client would have to."""
        if panel.numbers is None:
            return _Known((), {}, {})
        rows = open_rows(run, ["train.parquet", "holdout.parquet"])
        number = {key: i for i, key in enumerate(panel.keys)}
        of = np.array([number.get(tuple(k), -1) for k in rows.facts["keys"]])
        series = np.where(rows.series >= 0, of[rows.series], -1)
        place: dict[tuple[int, int], list[int]] = {}
        for i, (s, t) in enumerate(zip(series.tolist(), rows.step.tolist(), strict=True)):
            if s >= 0 and t >= 0:
                place.setdefault((s, t), []).append(i)
        texts = {c.name: [_readable(c, v) for v in cells_of(rows.frame[c.name])] for c in panel.covariates}
        return _Known(panel.covariates, texts, place)

    def at(self, series: int, step: int) -> dict[str, Any]:
        """What is known of a step; of several rows their mean, or the first level."""
        rows = self.rows.get((series, step), ())
        told = {c.name: [self.texts[c.name][r] for r in rows] for c in self.covariates}
        return {c.name: _one_of(c, [t for t in told[c.name] if t is not None]) for c in self.covariates}


def _one_of(covariate: Covariate, texts: Sequence[str]) -> Any:
    if len(set(texts)) < 2 or covariate.kind == "level":
        return texts[0] if texts else None
    numbers = [float(found[0]) for t in texts if (found := covariate.read(t)) is not None]
    mean = sum(numbers) / len(numbers)
    return mean if covariate.kind == "flag" else covariate.middle + covariate.spread * mean


def _readable(covariate: Covariate, text: str | None) -> str | None:
    try:
        covariate.read(text)
    except ValueError:
        return None
    return text


def _asked(served: Served, panel: Panel, found: Cases, cut: int, ahead: _Known) -> tuple[Float64, Float64, Float64]:
    """What the service answers at every starting point, given the values that came since training and what is known
    ahead."""
    names = panel.facts["key_names"]
    bundled = {tuple(k) for k in getattr(served, "keys", ())}
    rows: list[dict[str, Any]] = []
    for series, at in zip(found.which, found.at, strict=True):
        key = panel.keys[int(series)]
        newer = panel.history(int(series), int(at))
        start = int(at) - len(newer)
        since = newer[max(0, cut - start) :] if key in bundled else newer
        row: dict[str, Any] = {"horizon": panel.horizon, "history": since.tolist()}
        if ahead.texts:
            first, number = int(at) - len(since), int(series)
            row["history"] = [{"value": v, **ahead.at(number, first + i)} for i, v in enumerate(since.tolist())]
            row["future"] = [ahead.at(number, int(at) + i) for i in range(panel.horizon)]
        rows.append({**row, "series": list(key)} if names else row)
    answers: list[dict[str, Any]] = []
    for first in range(0, len(rows), ASKED_AT_ONCE):
        answers += served.predict(rows[first : first + ASKED_AT_ONCE])
    values = np.array([a["values"] for a in answers], dtype=np.float64)
    bounds = np.array([a["interval"] for a in answers], dtype=np.float64)
    return values, bounds[:, :, 0], bounds[:, :, 1]


def _effects(run: Path) -> list[Any]:
    """What covariates do, where the model looks at them."""
    path = run / "data" / "served" / TOLD
    return list(read_json(path)) if path.exists() else []


def _baseline(name: str, panel: Panel, found: Cases) -> Float64:
    keep = {"naive": 1, "seasonal_naive": panel.season}.get(name, panel.steps)
    return forecasts(panel, found, forecaster(FittedSeries({"kind": name, "keep": keep}), panel, False).forecast)


class _Judge:
    """Metrics with intervals over resampled cases."""

    def __init__(self, found: Cases, beside: Yardstick, seed: int) -> None:
        self.found, self.beside = found, beside
        self.samples = resampled(found, np.random.default_rng(seed))
        self.stretch = _stretch(found)

    def of(self, metric: str, said: Float64) -> float | None:
        value = score(metric, self.found.truth, said, self.beside)
        return value if np.isfinite(value) else None

    def value(self, metric: str, said: Float64, low: Float64, high: Float64) -> MetricValue:
        truth, beside = self.found.truth, self.beside
        if metric == COVERED:
            return self._covered((truth >= low) & (truth <= high))
        drawn = [score(metric, truth[rows], said[rows], beside[rows]) for rows in self.samples]
        known = [v for v in drawn if np.isfinite(v)]
        value = self.of(metric, said)
        return MetricValue(
            metric, value, self._around(value, known, direction(metric)), self.of(metric, beside.repeated)
        )

    def _around(self, value: float | None, drawn: Sequence[float], better: Direction) -> tuple[float, float] | None:
        """The middle 95 % of what was drawn, stretched from `value`; an error is never below nought."""
        between = _between(drawn)
        if between is None or value is None:
            return between
        low, high = (value + self.stretch * (bound - value) for bound in between)
        return min(value, max(low, 0.0) if better == "minimize" else low), max(value, high)

    def _covered(self, inside: NDArray[np.bool_]) -> MetricValue:
        """The share of known true values inside their intervals."""
        known = np.isfinite(self.found.truth)
        drawn = [float(inside[rows][known[rows]].mean()) for rows in self.samples]
        share = float(inside[known].mean())
        between = self._around(share, drawn, "maximize")
        return MetricValue(COVERED, share, between and (max(0.0, between[0]), min(1.0, between[1])))


def resampled(found: Cases, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Rows of `found` as other times and other series might have given them: starting points and series are drawn with
    replacement, each on its own, and their cases taken (the pigeonhole bootstrap, Owen 2007). Forecasts that share
    values are not so many proofs: as many starting points are drawn as have none in common (m out of n, Bickel, Götze
    and van Zwet 1997). None where that is one forecast of one series, which says nothing of others."""
    apart = forecasts_apart(found)
    starts, window = np.unique(found.window, return_inverse=True)
    keys, which = np.unique(found.which, return_inverse=True)
    if apart * len(keys) < 2:
        return []
    row_of = np.full((len(starts), len(keys)), -1, dtype=np.int64)
    row_of[window, which] = np.arange(len(window))
    often = int(np.clip(RESAMPLED_CELLS // max(found.truth.size, 1), FEWEST_RESAMPLES, RESAMPLES))
    drawn = (row_of[np.ix_(_again(len(starts), rng, apart), _again(len(keys), rng))].ravel() for _ in range(often))
    return [rows for cases in drawn if len(rows := cases[cases >= 0])]


def _again(count: int, rng: np.random.Generator, often: int | None = None) -> NDArray[np.int64]:
    return rng.integers(count, size=count if often is None else often)


def forecasts_apart(found: Cases) -> int:
    """How many forecasts of a series fit side by side into the steps that are forecast."""
    starts, horizon = np.unique(found.at), found.truth.shape[1]
    steps = np.unique(starts[:, None] + np.arange(horizon)[None, :]).size
    return int(max(1, min(len(starts), round(steps / horizon))))


def _stretch(found: Cases) -> float:
    """How much wider an interval must be because forecasts that overlap differ less than such that lie apart do: the
    variance among `n` of them is (n - 1) / n of theirs. 1 where none overlap."""
    apart = forecasts_apart(found)
    overlap = apart < len(np.unique(found.at)) and apart > 1
    return float(np.sqrt(apart / (apart - 1))) if overlap else 1.0


def _between(drawn: Sequence[float]) -> tuple[float, float] | None:
    """The middle 95 % of what was drawn; None where nothing was."""
    return (float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975))) if drawn else None


def _residuals(truth: Float64, said: Float64, low: Float64, high: Float64, goal: float) -> dict[str, Any]:
    known = np.isfinite(truth)
    errors = (said - truth)[known]
    width = (high - low)[known]
    inside = (truth >= low) & (truth <= high)
    return {
        "quantiles": {str(q): float(np.quantile(errors, q)) for q in (0.05, 0.25, 0.5, 0.75, 0.95)},
        "interval": {
            "goal": goal,
            "coverage": float(inside[known].mean()),
            "mean_width": float(width.mean()),
            "median_width": float(np.median(width)),
        },
    }


def _by_step(truth: Float64, said: Float64, repeated: Float64) -> list[dict[str, float]]:
    """Mean absolute error of each step ahead, with that of repeating the last season."""
    out = []
    for step in range(truth.shape[1]):
        known = np.isfinite(truth[:, step])
        if known.any():
            t = truth[known, step]
            mae, base = np.abs(said[known, step] - t).mean(), np.abs(repeated[known, step] - t).mean()
            out.append({"step": step + 1, "mae": float(mae), "baseline": float(base)})
    return out


def _by_window(panel: Panel, found: Cases, said: Float64, beside: Yardstick, metric: str) -> list[dict[str, Any]]:
    """The metric at each starting point, with that of repeating the last season."""
    out = []
    for number in np.unique(found.window):
        rows = np.flatnonzero(found.window == number)
        truth, base = found.truth[rows], beside[rows]
        at = int(found.at[rows[0]])
        values = [score(metric, truth, v, base) for v in (said[rows], base.repeated)]
        skill = score(SKILL, truth, said[rows], base)
        out.append({"from": panel.timeline.write(at), "value": values[0], "baseline": values[1], "skill": skill})
    return out


def _pictures(panel: Panel, found: Cases, said: Float64, low: Float64, high: Float64) -> list[dict[str, Any]]:
    """The last forecast of a few series with the values before it and the truth."""
    rows = np.flatnonzero(found.window == found.window.max())
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, min(PICTURED, len(rows))).round().astype(int))]
    out = []
    for row in chosen:
        series, at = int(found.which[row]), int(found.at[row])
        past = panel.history(series, at)[-max(PAST * panel.horizon, 2 * panel.season) :]
        truth = [None if not np.isfinite(v) else float(v) for v in found.truth[row]]
        out.append(
            {
                "name": " / ".join(panel.keys[series]),
                "past": past.tolist(),
                "values": said[row].tolist(),
                "low": low[row].tolist(),
                "high": high[row].tolist(),
                "truth": truth,
                "times": _times(panel, at - len(past), at + panel.horizon),
                "from": panel.timeline.write(at),
            }
        )
    return out


def _times(panel: Panel, first: int, end: int) -> list[str]:
    """Moments for the axis: the first and last and a few between."""
    steps: Sequence[int] = np.linspace(first, end - 1, 5).round().astype(int).tolist()
    return [panel.timeline.write(s) for s in steps]
