"""Features that somebody wrote as functions: run in the sandbox, written down as steps, proved, and judged on folds.

A target for `Compute.call`. What is kept stands at the end of the prepared matrix and inside the served graph; the code
itself is never needed again. It knows nothing of who proposed what.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import registry
from ..domain.data import FeatureKind
from ..export.builder import GraphBuilder
from ..export.traced import NotExpressible, Traced, checked, words
from ..ports import Batch, Family
from ..sandbox.box import run_feature
from ..store.files import write_text
from .dataset import Float32, TrainingData
from .metrics import paired_gain, scorer
from .training import context_for, predicted

MOST_ROWS = 20_000  # rows that the sandbox computes and folds are judged on
MOST_DIFFERENT = 0.005  # of the rows may differ between function and steps: single precision near a comparison
TOLERANCE = 1e-4
SAME = 1e-6
EDGES = (np.nan, 0.0, -1.0, 1.0, 1e30, -1e30)


@dataclass(frozen=True)
class Judged:
    """One function and what became of it. `gain`: of the cross-validated metric, in its own utility; `sure`: share of
    paired resamples in which it gains; `fold_gains`: on each fold. `formula`: what is served in its place."""

    name: str
    source: str
    why: str
    kept: bool
    reason: str
    gain: float | None = None
    sure: float | None = None
    fold_gains: tuple[float, ...] = ()
    formula: str = ""
    steps: tuple[Any, ...] = ()


@dataclass(frozen=True)
class _Columns:
    """Typed features as a function sees them: their places in the matrix, names, and the words of categories."""

    places: tuple[int, ...]
    names: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]

    def told(self) -> list[dict[str, Any]]:
        return [{"name": n, **({"levels": list(w)} if w else {})} for n, w in zip(self.names, self.levels, strict=True)]


def judge(
    folder: str,
    proposals: Sequence[Mapping[str, str]],
    *,
    metric: str,
    family: str,
    params: Mapping[str, Any],
    tier: str,
    sure: float,
    seed: int,
    threads: int,
    seconds: float,
) -> dict[str, Any]:
    """Judges proposals [{"name", "source", "why"}] one after the other, each on top of those kept before, with models
    of `family` on the folds, until `seconds` are over. Nothing is written.

    Returns {"judged": [Judged…], "score": cross-validated utility with what was kept, "columns": names}."""
    ends = time.monotonic() + seconds
    table = TrainingData.load(Path(folder) / "data" / "prepared")
    columns = _columns(table, Path(folder))
    bench = _Bench(table, metric, registry.get("families", family), params, seed, threads)
    out: list[Judged] = []
    for proposal in proposals:
        one = Judged(proposal["name"], proposal["source"], proposal.get("why", ""), False, "")
        if out and time.monotonic() >= ends:
            out.append(replace(one, reason="no time was left to judge it"))
            continue
        try:
            feature = _written_down(one, table, columns, tier, seed)
            _require_new(feature(bench.x), bench.x)
        except NotExpressible as error:
            out.append(replace(one, reason=str(error)))
            continue
        out.append(_judged(one, feature, bench, sure, words(feature.steps, table.names, _words(table, columns))))
    return {"judged": [asdict(j) for j in out], "score": bench.score, "rows": len(bench.y)}


def describe(folder: str) -> dict[str, Any]:
    """The columns that a function may use, for whoever writes one: names, kinds and measures, no value of any row.
    Categories only by their number."""
    table = TrainingData.load(Path(folder) / "data" / "prepared")
    columns = _columns(table, Path(folder))
    out = []
    for place, name, levels in zip(columns.places, columns.names, columns.levels, strict=True):
        x = np.asarray(table.x[:MOST_ROWS, place], dtype=np.float64)
        known = x[np.isfinite(x)]
        facts: dict[str, Any] = {"name": name, "kind": "words" if levels else "number"}
        facts["missing_share"] = round(float(1 - len(known) / max(len(x), 1)), 4)
        if levels:
            facts["categories"] = len(levels)
        elif len(known):
            quantiles = np.quantile(known, [0.05, 0.5, 0.95])
            facts |= dict(zip(("p5", "median", "p95"), (float(f"{q:.4g}") for q in quantiles), strict=True))
            facts["distinct"] = len(np.unique(known))
        out.append(facts)
    return {"columns": out}


def apply(folder: str, kept: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Puts the kept features {"name", "steps"} at the end of the prepared matrix. Done twice it gives the same, also
    after it was killed in the middle. Returns {"files": names below the folder, "features": number}."""
    prepared = Path(folder) / "data" / "prepared"
    facts = json.loads((prepared / "table.json").read_text("utf-8"))
    before = [d for d in facts["derived"] if not isinstance(d, dict)]
    width = len(facts["names"]) - (len(facts["derived"]) - len(before))
    x = np.load(prepared / "x.npy", allow_pickle=False)[:, :width]
    new = [Traced(k["name"], tuple(tuple(s) for s in k["steps"])) for k in kept]
    typed = np.ascontiguousarray(x[:, : width - len(before)])
    x = np.concatenate([x, *(f(typed)[:, None] for f in new)], axis=1)
    facts |= {
        "names": [*facts["names"][:width], *(f.name for f in new)],
        "kinds": [*facts["kinds"][:width], *("number" for _ in new)],
        "levels": [*facts["levels"][:width], *(0 for _ in new)],
        "derived": [*before, *(f.to_json() for f in new)],
    }
    draft = prepared / "x.tmp.npy"
    np.save(draft, x, allow_pickle=False)
    os.replace(draft, prepared / "x.npy")
    write_text(prepared / "table.json", json.dumps(facts))
    return {"files": ["data/prepared/x.npy", "data/prepared/table.json"], "features": len(new)}


# ------------------------------------------------------------------------------------------------ from code to steps
def _written_down(one: Judged, table: TrainingData, columns: _Columns, tier: str, seed: int) -> Traced:
    """The function as steps that give what it gave. Raises NotExpressible with the reason in words."""
    pick = np.sort(np.random.default_rng(seed).permutation(table.rows)[:MOST_ROWS])
    typed = np.ascontiguousarray(table.x[pick, : table.typed])
    ran = run_feature(one.source, columns.told(), typed[:, list(columns.places)], tier=tier)
    if ran.refused or ran.values is None:
        raise NotExpressible(ran.refused or "it gave no values")
    levels = [len(w) for w in columns.levels]
    feature = checked(one.name, ran.steps, columns.places, levels)
    different = _different(ran.values, feature(typed))
    if different > MOST_DIFFERENT:
        raise NotExpressible(f"what can be exported of it differs from the function in {different:.1%} of the rows")
    _require_parity(feature, typed)
    return feature


def _different(wanted: NDArray[np.float64], got: Float32) -> float:
    """Share of rows in which two computations of a feature differ; what is not finite counts as missing."""
    missing = ~np.isfinite(wanted) | (np.abs(wanted) > np.finfo(np.float32).max)
    with np.errstate(invalid="ignore"):
        apart = np.abs(wanted - got) > TOLERANCE * np.maximum(1e-3, np.abs(wanted))
    return float(np.mean(np.where(missing | np.isnan(got), missing != np.isnan(got), apart)))


def _require_parity(feature: Traced, typed: Float32) -> None:
    """Raises NotExpressible where the nodes answer otherwise than numpy, on real rows and on odd ones."""
    import onnxruntime

    graph = GraphBuilder(typed.shape[1])
    model = graph.model(feature.write(graph, "x"), 1)
    odd = np.repeat(typed[:1], len(EDGES), axis=0)
    odd[:] = np.array(EDGES, dtype=np.float32)[:, None]
    rows = np.concatenate([typed[:2000], odd])
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        got = session.run(["y"], {"x": rows})[0][:, 0]
    except Exception as error:  # the runtime's own errors have no common class
        raise NotExpressible(f"it cannot be served: {str(error)[:200]}") from error
    different = _different(feature(rows).astype(np.float64), got)
    if different:
        raise NotExpressible(f"served, it would differ in {different:.1%} of the rows")


def _require_new(values: Float32, x: Float32) -> None:
    known = np.isfinite(values)
    if known.sum() < 2 or np.ptp(values[known]) == 0:
        raise NotExpressible("it is the same for all rows")
    for j in range(x.shape[1]):
        both = known & np.isfinite(x[:, j])
        if both.sum() == known.sum() and np.allclose(values[both], x[both, j], rtol=SAME, atol=0):
            raise NotExpressible("it repeats a column that is there already")


def _columns(table: TrainingData, folder: Path) -> _Columns:
    """Numbers and categories; counts of words are left out."""
    described = json.loads((folder / "data" / "columns.json").read_text("utf-8"))
    categories = {c["name"]: tuple(c["categories"]) for c in described if c["kind"] == "category"}
    places, names, levels = [], [], []
    for place in range(table.typed):
        name, kind = table.names[place], table.kinds[place]
        if kind == "count" or (kind == "category" and len(categories.get(name, ())) != table.levels[place]):
            continue
        places.append(place)
        names.append(name)
        levels.append(categories[name] if kind == "category" else ())
    return _Columns(tuple(places), tuple(names), tuple(levels))


def _words(table: TrainingData, columns: _Columns) -> list[Sequence[str]]:
    """The words of each typed feature's categories, none for numbers."""
    out: list[Sequence[str]] = [()] * table.typed
    for place, levels in zip(columns.places, columns.levels, strict=True):
        out[place] = levels
    return out


# ------------------------------------------------------------------------------------------------------------ judging
class _Bench:
    """Out-of-fold predictions of one plain model, with and without a feature, on the same folds."""

    def __init__(
        self, table: TrainingData, metric: str, family: Family, params: Mapping[str, Any], seed: int, threads: int
    ) -> None:
        pick = np.sort(np.random.default_rng(seed + 1).permutation(table.rows)[:MOST_ROWS])
        self.table, self.metric, self.family, self.params = table, metric, family, dict(params)
        self.seed, self.threads = seed, threads
        self.x, self.y, self.folds = np.ascontiguousarray(table.x[pick]), table.y[pick], table.folds[pick]
        self.kinds, self.levels = list(table.kinds), list(table.levels)
        self.ids = [k for k in np.unique(self.folds) if k >= 0]
        self.oof = self.predicted(self.x)

    @property
    def known(self) -> NDArray[np.bool_]:
        return np.asarray(np.isin(self.folds, self.ids))

    @property
    def score(self) -> float:
        return self.utility(self.oof, self.known)

    def utility(self, oof: NDArray[np.float64], rows: NDArray[np.bool_]) -> float:
        measure = scorer(self.metric)
        return measure.utility(measure(self.y[rows], oof[rows], None, self.table.positive))

    def predicted(self, x: Float32) -> NDArray[np.float64]:
        """Out-of-fold scores, (rows, classes) or (rows,)."""
        classes = self.table.classes
        out = np.full((len(x), classes) if classes else (len(x),), np.nan)
        added = x.shape[1] - len(self.kinds)
        number: FeatureKind = "number"
        context = context_for(self.table, self.metric, self.seed, self.threads)
        context = replace(context, kinds=(*self.kinds, *[number] * added), levels=(*self.levels, *[0] * added))
        for fold in self.ids:
            held = self.folds == fold
            train, valid = Batch(x[~held], self.y[~held]), Batch(x[held], self.y[held])
            fitted = self.family.fit(self.params, train, valid, context)
            out[held] = predicted(self.family, fitted, valid.x, {})
        return out


def _judged(one: Judged, feature: Traced, bench: _Bench, sure: float, formula: str) -> Judged:
    """Trains with the feature beside what is there, on the same folds, and keeps it where it helps beyond doubt."""
    typed = bench.x[:, : bench.table.typed]
    x = np.concatenate([bench.x, feature(typed)[:, None]], axis=1)
    oof = bench.predicted(x)
    known = bench.known
    gain = bench.utility(oof, known) - bench.utility(bench.oof, known)
    each = tuple(
        bench.utility(oof, rows) - bench.utility(bench.oof, rows) for rows in (bench.folds == k for k in bench.ids)
    )
    _, share = paired_gain(
        bench.metric, bench.y[known], oof[known], bench.oof[known], seed=bench.seed, positive=bench.table.positive
    )
    better = sum(g > 0 for g in each)
    kept = gain > 0 and share >= sure and better > len(each) / 2
    said = f"{gain:+.4g} in the cross-validated metric, better on {better} of {len(each)} folds, sure by {share:.0%}"
    reason = f"kept: {said}" if kept else f"no gain beyond doubt: {said}"
    if kept:
        bench.x, bench.oof = x, oof
        bench.kinds.append("number")
        bench.levels.append(0)
    return replace(
        one, kept=kept, reason=reason, gain=gain, sure=share, fold_gains=each, formula=formula, steps=feature.steps
    )
