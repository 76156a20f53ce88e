"""The rows line's work where trials run: each function wraps one piece for the agents, see `ports.Line`.

What a run has learned and written lies below its folder; nothing here plans or keeps a journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..data.frames import cells, read_frame, sent
from ..data.operations import row_texts
from ..data.target import answers_of
from ..domain.data import Column
from ..domain.preference import Preference
from ..domain.run import Member
from ..engine import build as building
from ..engine.dataset import TrainingData
from ..engine.decide import tempered
from ..engine.evaluate import Evaluation
from ..engine.evaluate import evaluate as judge
from ..engine.importance import column_groups, mixed_rows, permutation_importance
from ..engine.metrics import ABSOLUTE, scorer
from ..engine.several import answered
from ..engine.slices import column_values, group_gaps, weak_slices
from ..engine.texts import SHOWN_LABELS, doubtful_labels, shortened, typical_words
from ..errors import TrainerError
from ..serve.inputs.parts import Ragged, Rows
from ..serve.predictor import Predictor
from ..store.files import read_json, write_json
from ..store.typed import plain, read_value
from . import preparation
from .gallery import gallery
from .runfolder import RunFolder

LATENCIES = ("latency_ms_p50", "latency_ms_p95", "latency_ms_p99")
LARGEST_NEW_SHARE = 0.9  # of held-out rows; where more are new, the score speaks for them anyway
FEWEST_NEW_ROWS = 30
PICTURES = 24  # that a service is measured with


class _Run(RunFolder):
    """A run's folder with its rows."""

    @cached_property
    def table(self) -> TrainingData:
        return TrainingData.load(self.prepared)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return read_value(self.data / "columns.json", tuple[Column, ...])

    @property
    def picture(self) -> str | None:
        """The column of pictures that the model reads."""
        return next((c.name for c in self.columns if c.kind == "image"), None)

    @property
    def positive(self) -> int:
        """Index of the positive class; 1 where there is none, which scorers of other tasks ignore."""
        return 1 if self.target.positive is None else self.target.positive


@dataclass(frozen=True)
class _Held:
    """The sealed rows as the served model reads them, y (rows,), or (rows, labels) where a row may have several."""

    predictor: Predictor
    rows: Rows
    y: np.ndarray

    @staticmethod
    def open(run: _Run) -> _Held:
        frame = read_frame(run.data / "holdout.parquet")
        predictor = Predictor.load(run.folder / "bundle")
        rows = predictor.codec.encode_frame(cells(frame, run.columns))
        return _Held(predictor, rows, answers_of(frame[run.target.name], run.target))


def examine(folder: str, task: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What a procedure may ask about the training rows; see `preparation.examine`."""
    ignored = {c["column"]: c["why"] for c in task["data_info"]["ignored"]}
    found = preparation.examine(folder, list(ignored), seed)
    without = {*ignored, *found["dropped"]}
    facts = {
        "rows": found["rows"],
        "duplicate_rows": found["duplicate_rows"],
        "duplicate_share": found["duplicate_rows"] / max(found["rows"], 1),
        "classes": found["classes"],
        "task_type": task["task_type"],
        "size_limit_mb": next((r["limit"] for r in task["requirements"] if r["name"] == "size_mb"), None),
        "latency_limit_ms": min((r["limit"] for r in task["requirements"] if r["name"] in LATENCIES), default=None),
        "minutes": task["budget"]["minutes"],
        "columns": [
            {**c, "excluded": c["name"] in ignored, "excluded_why": ignored.get(c["name"], "")}
            for c in found["columns"]
        ],
        "date_pairs": [p for p in found["date_pairs"] if not without & {p["first"], p["second"]}],
    }
    return {"facts": facts, "leaks": found["leaks"]}


def make(folder: str, task: Mapping[str, Any], operations: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """Carries out the operations and writes the matrix that models learn from; see `preparation.make`."""
    return preparation.make(folder, operations, seed, task)


# ---------------------------------------------------------------------------------------------- what is delivered
def build(
    folder: str,
    task: Mapping[str, Any],
    members: Sequence[Mapping[str, Any]],
    single_best: int,
    metadata: Mapping[str, str],
) -> dict[str, Any]:
    """data/model.onnx with its decision, proved equal to the models; facts about it."""
    run = _Run(folder)
    facts = building.build(
        str(run.prepared),
        str(run.folder / "trials"),
        members,
        str(run.data / "model.onnx"),
        metric=task["metrics"][0]["name"],
        requirements=task["requirements"],
        positive=run.target.positive,
        prefer=Preference.of(task["constraints"]),
        nonnegative=run.target.nonnegative,
        single_best=single_best,
        metadata=metadata,
    )
    inputs = [i for i in run.table.inputs if i.name in facts.inputs]
    files = {"model.onnx": "data/model.onnx"} | {f: f"data/prepared/{f}" for i in inputs for f in i.files}
    settings: dict[str, Any] = {"inputs": [asdict(i) for i in inputs]} if inputs else {}
    if any(i.kind in ("terms", "tokens") for i in inputs) and run.table.classes and not run.table.several:
        settings["certainty"] = _usual_certainty(run, facts)
    return {**asdict(facts), "files": files, "settings": settings}


def _usual_certainty(run: _Run, facts: building.GraphFacts) -> list[float]:
    """The largest probability of texts that no model saw, in hundredths of them from the least certain on: what an
    answer's own is compared with, to tell texts that belong to no class (Hendrycks & Gimpel 2017)."""
    p = building.out_of_fold(run.folder / "trials", [Member(**m) for m in facts.members])
    top = tempered(p[np.isfinite(p).all(axis=1)], facts.temperature).max(axis=1)
    return [round(float(q), 5) for q in np.quantile(top, np.linspace(0, 1, 101))]


def examples(folder: str, most: int) -> list[dict[str, Any]]:
    """Real training rows as a client would send them: the columns of the model, None where nothing stands."""
    run = _Run(folder)
    if any(c.kind == "image" for c in run.columns):
        most = min(most, PICTURES)
    return sent(read_frame(run.data / "train.parquet").head(most), run.columns)


def validate(folder: str, task: Mapping[str, Any], metric: str) -> float | None:
    """A score of the selection as exported, on its out-of-fold predictions; None for what is no score of rows."""
    try:
        measure = scorer(metric)
    except TrainerError:
        return None
    run = _Run(folder)
    data, graph = run.table, read_json(run.data / "graph.json")
    oof = building.out_of_fold(run.folder / "trials", [Member(**m) for m in graph["members"]])
    known = np.isfinite(oof.reshape(len(oof), -1)).all(axis=1)
    y, p, decision = data.y[known], oof[known], graph["decision"]
    if data.several:
        p = answered(p, np.array(decision["thresholds"]), decision["always"]) if measure.needs == "labels" else p
    elif data.classes:
        p = tempered(p, graph["temperature"])
        if decision["weights"] and measure.needs == "labels":
            p = p * np.array(decision["weights"])
    return float(measure(y, p, decision["threshold"], run.positive))


# ---------------------------------------------------------------------------------------------- the hold-out
def evaluate(folder: str, task: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Scores the sealed rows through the bundle that is served, into data/evaluation.json."""
    run = _Run(folder)
    held = _Held.open(run)
    metric, threshold = task["metrics"][0]["name"], held.predictor.manifest.decision.threshold
    answers = held.predictor.predict_rows(held.rows)
    evaluation = judge(
        held.y,
        answers.scores,
        metric=metric,
        labels=run.target.labels,
        positive=run.target.positive,
        label_index=answers.labels,
        threshold=threshold,
        intervals=answers.intervals,
        baseline=_baseline(run.table, metric),
        seed=seed,
    )
    write_json(run.data / "evaluation.json", {"evaluation": plain(evaluation, Evaluation)})
    return {"rows": len(held.y), "fresh": _fresh(run, held, answers.scores, metric, threshold)}


def _fresh(run: _Run, held: _Held, scores: np.ndarray, metric: str, threshold: float | None) -> dict[str, Any] | None:
    """The metric on the held-out rows whose inputs occur nowhere in training, where many others repeat: what to
    expect of rows that are new. None where few repeat."""
    if held.rows.more:
        return None  # copies of texts and pictures are kept on one side of the split
    x = held.rows.x
    known = {row.tobytes() for row in np.ascontiguousarray(run.table.x[:, : x.shape[1]])}
    new = np.array([row.tobytes() not in known for row in np.ascontiguousarray(x)])
    if new.all() or new.mean() > LARGEST_NEW_SHARE or new.sum() < FEWEST_NEW_ROWS:
        return None
    p = scores[new] if run.table.classes else scores[new].reshape(-1)
    value = scorer(metric)(held.y[new], p, threshold, run.positive)
    return {"rows": int(new.sum()), "share": float(1 - new.mean()), "value": float(value)}


def _baseline(data: TrainingData, metric: str) -> np.ndarray | float:
    """What answering without looking gives: class shares, or the middle of the training answers."""
    if not data.classes:
        return float(np.median(data.y) if metric in ABSOLUTE else data.y.mean())
    return np.asarray(data.class_rows / len(data.y))


def explain(folder: str, task: Mapping[str, Any], seconds: float, seed: int) -> None:
    """Importance by permutation through the exported graph, and where the errors gather."""
    run = _Run(folder)
    held = _Held.open(run)
    metric = task["metrics"][0]["name"]
    groups = column_groups(run.columns, held.predictor.manifest.inputs)
    importance = (
        permutation_importance(
            _scores_of(held.predictor, run.table.classes),
            held.rows,
            held.y,
            groups,
            metric,
            mix=mixed_rows,
            seconds=seconds,
            seed=seed,
        )
        if run.picture is None or len(groups) > 1
        else ()
    )
    answers = held.predictor.predict_rows(held.rows)
    errors = _errors(held.y, answers)
    picked, actual = _rates(run, held.y, answers)
    values = column_values(run.columns, held.rows.x)
    found: dict[str, Any] = {
        "importance": [asdict(i) for i in importance],
        "slices": [asdict(s) for s in weak_slices(values, errors)],
        "groups": [asdict(g) for g in group_gaps(values, errors, selected=picked, actual=actual)],
    }
    if run.picture is not None and run.table.classes and held.y.ndim == 1:
        found["pictures"] = _gallery(run, held, answers.scores)
    if any(i.kind == "terms" for i in run.table.inputs):
        found["texts"] = described_texts(run, held, answers)
    write_json(run.data / "explanation.json", found)


def _gallery(run: _Run, held: _Held, scores: np.ndarray) -> dict[str, Any]:
    """Pictures for the report; see `gallery`."""
    assert run.picture is not None
    members = [Member(**m) for m in read_json(run.data / "graph.json")["members"]]
    frame = read_frame(run.data / "train.parquet")
    y = answers_of(frame[run.target.name], run.target)
    oof = building.out_of_fold(run.folder / "trials", members)
    sealed = read_frame(run.data / "holdout.parquet")
    return gallery(
        run.picture,
        run.target.labels,
        (frame, y, oof if len(oof) == len(y) else None),
        (sealed, held.y, held.rows, scores),
        held.predictor.scores,
    )


def described_texts(run: _Run, held: _Held, answers: Any) -> dict[str, Any]:
    """Typical words and an example of each class, held-out texts that were answered wrongly, labels that look wrong."""
    spec = next(i for i in run.table.inputs if i.kind == "terms")
    vocabulary = (run.prepared / spec.files[0]).read_text(encoding="utf-8").split("\n")[: int(spec.options["words"])]
    labels, y, data = [str(v) for v in run.target.labels], run.table.y, run.table
    member = y if data.several else np.eye(data.classes)[y.astype(np.intp)]
    part = data.more[spec.name]
    assert isinstance(part, Ragged)
    found: dict[str, Any] = {"typical": typical_words(part, vocabulary, member, labels)}
    frame = read_frame(run.data / "train.parquet")
    graph = read_json(run.data / "graph.json")
    oof = building.out_of_fold(run.folder / "trials", [Member(**m) for m in graph["members"]])
    if len(frame) == data.rows:  # else rows were taken out, and texts no longer stand at their places
        texts = row_texts(frame, spec.columns)
        best = np.where(member == 1, np.nan_to_num(oof), -1.0).argmax(axis=0)
        found["examples"] = {labels[k]: shortened(texts[i]) for k, i in enumerate(best.tolist()) if member[i, k]}
        if not data.several:
            doubtful = doubtful_labels(y, oof, labels)
            found["doubtful_count"] = len(doubtful)
            found["doubtful"] = [{**d, "text": shortened(texts[d["row"]])} for d in doubtful[:SHOWN_LABELS]]
    if not data.several:
        texts = row_texts(read_frame(run.data / "holdout.parquet"), spec.columns)
        wrong = np.flatnonzero(answers.labels != held.y)
        sure = wrong[np.argsort(-answers.scores[wrong, answers.labels[wrong]], kind="stable")][:SHOWN_LABELS]
        found["confused"] = [
            {"true": labels[int(held.y[i])], "answer": labels[int(answers.labels[i])], "text": shortened(texts[i])}
            for i in sure.tolist()
        ]
    return found


def _rates(run: _Run, y: np.ndarray, answers: Any) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Who was answered positive and who is, for two classes."""
    if run.table.classes != 2 or run.table.several:
        return None, None
    return answers.labels == run.positive, y == run.positive


def _scores_of(predictor: Predictor, classes: int) -> Callable[[Rows], np.ndarray]:
    """(rows, classes) probabilities or (rows,) values of the served model."""
    if classes:
        return predictor.scores
    return lambda rows: np.asarray(predictor.scores(rows))[:, 0]


def _errors(y: np.ndarray, answers: Any) -> np.ndarray:
    """What is wrong in each row: 0 or 1 for classes, the absolute error for values."""
    if answers.labels is not None:
        wrong = np.asarray(answers.labels != y)
        return np.asarray(wrong.any(axis=1)) if wrong.ndim == 2 else wrong
    return np.asarray(np.abs(answers.scores.reshape(len(y), -1)[:, 0] - y))
