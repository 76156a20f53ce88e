"""Trains one candidate: a cross-validated bag with out-of-fold predictions, raced and held to its time.

It runs inside a worker process and writes into the trial's folder; it knows nothing of processes, plans or agents.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import registry
from ..domain.run import REFITTED, Trial, TrialResult
from ..export.graph import assemble
from ..ports import Batch, Family, FitContext, Fitted
from ..serve.inputs.parts import Part
from ..serve.manifest import file_sha256
from .dataset import TrainingData
from .metrics import SQUARED, scorer
from .seeding import seed_of
from .views import Seen, feeds, seen_by, session, view_graphs

REPEAT_BELOW_ROWS = 3000  # smaller sets draw their folds again, so that luck with one split decides less
FITS_OF_SMALL = 15  # about so many: five folds three times, or ten folds once
RACE_FROM_ROWS = 4000  # below, one fold is too noisy to judge by
SAFE_SHARE = 0.8  # of the time limit is dealt out to the fits
CLOCKED_SHARE = 0.9  # the same of fits that watch the clock themselves
VIEW_SHARE = 0.8  # of the time limit may go into views that were never asked for before
LONGEST_COST_S = 2.0  # of measuring what a row costs
RACE_MARGIN = 1.10  # error on fold 0 against the family's best
SPARE = "spare"  # said of "refit"
OWN = ("folds", "views", "refit")  # parameters that training itself reads

Progress = Callable[[int, int, float | None], None]  # (fits done, fits planned, utility so far)


@dataclass
class _Bag:
    """Out-of-fold predictions as they come in: sums over repeats and how often each row was predicted."""

    total: NDArray[np.float64]
    seen: NDArray[np.int64]
    scores: list[float] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    fitted: list[tuple[NDArray[np.bool_], Fitted]] = field(default_factory=list)
    guesses: list[NDArray[np.float64]] = field(default_factory=list)  # of each fit for its validation rows
    size_mb: float = 0.0
    predict_us: float = 0.0
    more_mb: float = 0.0  # of each model after the first, which reads the same views
    more_us: float = 0.0

    def mean(self) -> NDArray[np.float64]:
        """NaN where a row was never predicted."""
        seen = self.seen.reshape(-1, *([1] * (self.total.ndim - 1))).astype(np.float64)
        return np.divide(self.total, seen, out=np.full_like(self.total, np.nan), where=seen > 0)


def context_for(
    data: TrainingData, metric: str, seed: int, threads: int, deadline: float | None = None, seen: Seen | None = None
) -> FitContext:
    """What a family may know besides its rows; `seen` is what its candidate reads, the plain table if None."""
    kinds, levels = (data.kinds, data.levels) if seen is None else (seen.kinds, seen.levels)
    return FitContext(
        kinds, levels, data.classes, metric, seed, threads, deadline,
        inputs=data.inputs, views=data.views, folder=data.folder,
    )  # fmt: skip


def predicted(family: Family, fitted: Fitted, x: NDArray[np.float32], more: Mapping[str, Part]) -> NDArray[np.float64]:
    """The scores of rows by a model of this family."""
    if family.card.reads:
        return np.asarray(fitted.predict(x, more), dtype=np.float64)  # type: ignore[call-arg]
    return np.asarray(fitted.predict(x), dtype=np.float64)


def train_trial(
    data: TrainingData,
    trial: Trial,
    *,
    metric: str,
    seed: int,
    threads: int,
    folder: Path,
    deadline: float | None = None,
    rivals: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> TrialResult:
    """Fits the candidate on every fold and saves models and `oof.npy` (float32, NaN where never validated).

    `deadline` is on time.monotonic(); when it passes, finished folds are kept. `rivals`: family -> best utility on
    fold 0 so far; a candidate clearly behind is dropped ("pruned")."""
    start = time.monotonic()
    deadline = trial.end(start, deadline)
    folder.mkdir(parents=True, exist_ok=True)
    family: Family = registry.get("families", trial.candidate.family)
    view_ends = None if deadline is None else start + VIEW_SHARE * (deadline - start)
    work = _Work(data, trial, family, seen_by(data, trial.candidate.params, threads, view_ends))
    began = time.monotonic()  # what came before is paid once, not with every fit
    bag = _empty(data)
    rounds = list(_rounds(data, trial.candidate.params, seed))
    fits = len(rounds) + work.refits * (not work.spare)
    status, note = "done", ""
    for done, held in enumerate(rounds):
        share = _deadline(deadline, began, done, fits, work.safe)
        if share is not None and done and time.monotonic() >= share[1]:
            status, note = "timeout", f"{done} of {len(rounds)} fits in time"
            break
        context = context_for(data, metric, seed_of(seed, trial.index) + done, threads, share and share[0], work.seen)
        first = _fit(work, held, context, bag)
        if progress is not None:
            progress(done + 1, fits, first)
        if done == 0 and _beaten(data, trial, metric, first, bag, rivals):
            return TrialResult(trial.index, trial.candidate, "pruned", first, (first,), _since(start), note="fold 0")
    _settle(work, metric, bag, folder)
    if work.refits and len(bag.fitted) == len(rounds):
        share = _deadline(deadline, began, len(rounds), len(rounds) + 1, work.safe)
        context = context_for(data, metric, seed_of(seed, trial.index), threads, share and share[0], work.seen)
        try:
            _refit(work, context, bag, folder)
        except Exception as error:  # noqa: BLE001  the models of the folds are there still
            note = f"no model of all rows: {_sentence(error)}"
    return _result(data, trial, metric, bag, folder, status, note, start)


def load_models(data: TrainingData, result: TrialResult, folder: Path, metric: str) -> list[Fitted]:
    """The models of a trial that are delivered: that of all rows where there is one, else those of the folds in the
    order they were trained."""
    family: Family = registry.get("families", result.candidate.family)
    context = context_for(data, metric, 0, 1, seen=seen_by(data, result.candidate.params))
    names = [REFITTED] if REFITTED in result.files else sorted(n for n in result.files if n.startswith("model_"))
    return [family.load(folder / name, context) for name in names]


def _empty(data: TrainingData) -> _Bag:
    shape = (data.rows, data.classes) if data.classes else (data.rows,)
    return _Bag(np.zeros(shape), np.zeros(data.rows, dtype=np.int64))


def _rounds(data: TrainingData, params: Mapping[str, Any], seed: int) -> Iterator[NDArray[np.bool_]]:
    """Validation rows of each fit: the given folds, then for small sets fresh folds of the same number."""
    ids = [k for k in np.unique(data.folds) if k >= 0]
    most = int(params.get("folds", len(ids)))
    for k in ids[:most]:
        yield data.folds == k
    refit, few = params.get("refit", False), data.rows < REPEAT_BELOW_ROWS
    if most < len(ids) or refit or data.bound or not few or len(ids) < 2 or (data.folds < 0).any():
        return
    from sklearn.model_selection import KFold, StratifiedKFold  # a first model of many rows waits for none of it

    for repeat in range(1, FITS_OF_SMALL // len(ids)):
        state = (1000 * seed + repeat) % 2**32
        if data.classes and not data.several and data.class_rows.min() >= len(ids):
            parts = StratifiedKFold(len(ids), shuffle=True, random_state=state).split(data.y, data.y)
        else:
            parts = KFold(len(ids), shuffle=True, random_state=state).split(data.y)
        for _, held in parts:
            mask = np.zeros(data.rows, dtype=bool)
            mask[held] = True
            yield mask


def _deadline(
    deadline: float | None, start: float, done: int, rounds: int, safe: float = SAFE_SHARE
) -> tuple[float, float] | None:
    """(when the next fit must stop, when no further fit may begin).

    What is left is shared among the fits to come, less a part for saving and for what a fit cannot stop: a bag with a
    fold missing cannot join an ensemble, so all its time would be lost."""
    if deadline is None or not np.isfinite(deadline):
        return None
    now = time.monotonic()
    aim = start + safe * (deadline - start)
    share = max(aim - now, 0.02 * (deadline - start)) / (rounds - done)
    each = (now - start) / max(done, 1)
    return now + share, deadline - (0.5 * each if done else 0.0)


@dataclass(frozen=True)
class _Work:
    """A candidate with all that its fits need."""

    data: TrainingData
    trial: Trial
    family: Family
    seen: Seen

    @property
    def params(self) -> dict[str, Any]:
        """Those that are the family's."""
        return {name: value for name, value in self.trial.candidate.params.items() if name not in OWN}

    @property
    def spare(self) -> bool:
        """Whether the model of all rows gets only the time that those of the folds leave: a family that fills the time
        given learns more from more of it than from a few more rows."""
        return self.trial.candidate.params.get("refit") == SPARE

    @property
    def safe(self) -> float:
        """Share of the time that is dealt out to the fits: more where a fit knows to the second when it ends."""
        return CLOCKED_SHARE if self.spare else SAFE_SHARE

    @property
    def refits(self) -> int:
        """1 where a model of all rows is fitted last, and delivered in place of the bag."""
        return int(bool(self.trial.candidate.params.get("refit", False)))

    def batch(self, rows: NDArray[np.bool_]) -> Batch:
        more = {n: p[rows] for n, p in self.data.more.items()} if self.family.card.reads else {}
        return Batch(self.seen.x[rows], self.data.y[rows], more)


def _fit(work: _Work, held: NDArray[np.bool_], context: FitContext, bag: _Bag) -> float:
    """Fits one model of the bag; returns its utility on the validation rows."""
    valid = work.batch(held)
    fitted = work.family.fit(work.params, work.batch(~held), valid, context)
    guess = predicted(work.family, fitted, valid.x, valid.more)
    if not np.isfinite(guess).all():
        raise ValueError("the model's predictions are not finite")
    bag.fitted.append((held, fitted))
    bag.guesses.append(guess)
    return _utility(work.data, context.metric, valid.y, guess)


def _refit(work: _Work, context: FitContext, bag: _Bag, folder: Path) -> None:
    """One model of all rows, with what the models of the folds found out (`Fitted.found`), in place of the bag: a
    family whose models are large, or as good alone as together, asks for it."""
    found = [dict(getattr(fitted, "found", {})) for _, fitted in bag.fitted]
    settled = {k: float(np.median([f[k] for f in found])) for k in found[0]}
    every = np.ones(work.data.rows, dtype=np.bool_)
    fitted = work.family.fit({**work.params, **settled}, work.batch(every), None, context)
    fitted.save(folder / REFITTED)
    bag.files.append(REFITTED)
    bag.size_mb, bag.predict_us = cost(fitted, work.data, work.seen.views)


def _settle(work: _Work, metric: str, bag: _Bag, folder: Path) -> None:
    """Predicts the validation rows, saves the models and measures what they cost.

    Where early stopping chose a number of rounds on each fold, all take the median: rounds picked on the very rows
    that are scored flatter the score (0.01 of AUC on a thousand rows) and so would decide the selection."""
    chosen = [getattr(fitted, "rounds", None) for _, fitted in bag.fitted]
    common = None if len(chosen) < 3 or None in chosen else int(np.median(chosen))  # type: ignore[arg-type]
    for number, (held, fitted) in enumerate(bag.fitted):
        model: Any = fitted if common is None else fitted.at(common)  # type: ignore[attr-defined]
        batch = work.batch(held)
        guess = bag.guesses[number] if model is fitted else predicted(work.family, model, batch.x, batch.more)
        bag.total[held] += guess
        bag.seen[held] += 1
        bag.scores.append(_utility(work.data, metric, batch.y, guess))
        name = f"model_{number:02d}.npz"
        model.save(folder / name)
        bag.files.append(name)
        if number == 0:
            bag.size_mb, bag.predict_us = cost(model, work.data, work.seen.views)
            seen_mb, seen_us = views_cost(work.data, work.seen.views)
            bag.more_mb, bag.more_us = max(bag.size_mb - seen_mb, 0.0), max(bag.predict_us - seen_us, 0.0)


def cost(fitted: Fitted, data: TrainingData, views: Sequence[str] = (), calls: int = 40) -> tuple[float, float]:
    """(size of the graph in MB, median microseconds for one row through onnxruntime on one thread), the graphs of the
    views that it reads included."""
    model = fitted.graph()
    if views:
        model = assemble(
            [(1.0, [model])],
            features=data.typed,
            outputs=max(data.classes, 1),
            derived=data.derived,
            views=view_graphs(data, views),
            reads=[tuple(views)],
        )
    return _cost(model.SerializeToString(), data, extended=not views, calls=calls)


def views_cost(data: TrainingData, views: Sequence[str]) -> tuple[float, float]:
    """(size of the views' graphs in MB, median microseconds for one row), which several models share."""
    found = [
        _cost(graph.SerializeToString(), data, extended=False, calls=12) for graph in view_graphs(data, views).values()
    ]
    return sum(mb for mb, _ in found), sum(us for _, us in found)


def _cost(blob: bytes, data: TrainingData, *, extended: bool, calls: int) -> tuple[float, float]:
    run = one_thread(blob)
    rows = [_row(run, data, i, extended=extended) for i in spread(data.rows, calls)]
    clock = time.thread_time if data.more else time.perf_counter  # milliseconds must not be those of other programs
    times: list[float] = []
    ends = time.monotonic() + LONGEST_COST_S
    for row in [*rows[:3], *rows]:
        start = clock()
        run.run(None, row)
        times.append(clock() - start)
        if time.monotonic() > ends and len(times) > 5:
            break
    return len(blob) / 1e6, float(np.median(times[3:])) * 1e6


def _row(run: Any, data: TrainingData, i: int, *, extended: bool) -> dict[str, NDArray[Any]]:
    """The tensors of one row for a graph that reads the table `extended` by what is derived, or makes it itself."""
    row = data.rows_at(slice(i, i + 1))
    x = np.ascontiguousarray(data.x[i : i + 1]) if extended else row.x
    return feeds(run, replace(row, x=x))


def one_thread(blob: bytes) -> Any:
    """An onnxruntime session on one thread."""
    return session(blob, 1)


def spread(rows: int, most: int) -> list[int]:
    """At most so many places, evenly over the rows."""
    return [int(i) for i in np.linspace(0, rows - 1, min(rows, most))]


def _beaten(
    data: TrainingData, trial: Trial, metric: str, score: float, bag: _Bag, rivals: Mapping[str, float] | None
) -> bool:
    """Clearly behind the family's best on the first fold. Log-loss-like errors and 1 - score count the same way."""
    best = (rivals or {}).get(trial.candidate.family)
    if best is None or data.rows < RACE_FROM_ROWS:
        return False
    measure = scorer(metric)
    margin = RACE_MARGIN + _luck(data, metric, bag)
    return measure.error(measure.utility(score)) > margin * measure.error(measure.utility(best))


def _luck(data: TrainingData, metric: str, bag: _Bag) -> float:
    """The relative standard error of the first fold's mean error in regression, 0 for classes: where a few rows hold
    most of it (a car at a million), one fold tells little."""
    if data.classes:
        return 0.0
    error = np.abs(bag.guesses[0] - data.y[bag.fitted[0][0]])
    error = error**2 if metric in SQUARED else error
    return float(error.std() / max(error.mean(), 1e-300) / np.sqrt(len(error)))


def _result(
    data: TrainingData,
    trial: Trial,
    metric: str,
    bag: _Bag,
    folder: Path,
    status: Any,
    note: str,
    start: float,
) -> TrialResult:
    oof = bag.mean()
    known = bag.seen > 0
    score = _utility(data, metric, data.y[known], oof[known])
    np.save(folder / "oof.npy", oof.astype(np.float32), allow_pickle=False)
    files = {name: file_sha256(folder / name) for name in [*bag.files, "oof.npy"]}
    fits = 1 if REFITTED in bag.files else len(bag.files)
    return TrialResult(
        index=trial.index,
        candidate=trial.candidate,
        status=status,
        score=score,
        fold_scores=tuple(bag.scores),
        seconds=_since(start),
        files=files,
        size_mb=bag.size_mb + bag.more_mb * (fits - 1),
        predict_us=bag.predict_us + bag.more_us * (fits - 1),
        note=note,
    )


def _utility(data: TrainingData, metric: str, y: NDArray[np.float64], guess: NDArray[np.float64]) -> float:
    measure = scorer(metric)
    return measure.utility(measure(y, guess, None, data.positive))


def _since(start: float) -> float:
    return time.monotonic() - start


def _sentence(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else 'no message'}"[:300]
