"""Builds the deliverable graph of a selection: decisions from out-of-fold predictions, one graph, proof, cost.

A target for `Compute.call`: takes and gives plain JSON values, so that it can run in the child under a deadline. It
knows nothing of bundles or of how the selection was made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ..domain.run import Candidate, Member, TrialResult
from ..domain.task import Requirement
from ..errors import TrainerError
from ..export.answers import with_answers
from ..export.graph import assemble
from ..export.parity import Bag, Parity, check, cost
from .dataset import TrainingData
from .decide import Decided, decide
from .training import load_models

PARITY_ROWS = 3000


@dataclass(frozen=True)
class GraphFacts:
    """What was built. `members` are those in the graph: fewer than asked for when the fallback had to be taken, and
    then `fallback` says why. `us_per_row_*`: microseconds a row, one thread, in batches of 1 and 100."""

    size_mb: float
    parameters: int
    nodes: int
    us_per_row_1: float
    us_per_row_100: float
    parity_max: float
    parity_rows: int
    labels_differ: int
    members: list[dict[str, Any]]
    decision: dict[str, Any]
    interval: dict[str, Any] | None
    temperature: float
    why: list[str]
    score: float | None = None
    fallback: str = ""
    tradeoff: str = ""


def build(
    data: str,
    trials: str,
    members: Sequence[Mapping[str, Any]],
    out: str,
    *,
    metric: str,
    requirements: Sequence[Mapping[str, Any]] = (),
    positive: int | None = None,
    prefer: str = "",
    nonnegative: bool = False,
    single_best: int | None = None,
    metadata: Mapping[str, str] | None = None,
) -> GraphFacts:
    """Writes the graph of `members` [{"trial", "weight", "models"?}] to `out` and its facts beside it as JSON.
    `prefer`: "recall", "precision" or "", as `decide` takes it. `nonnegative`: the answer cannot be below 0.

    A graph that does not answer as its models is not delivered: `single_best` alone is built instead. Raises
    TrainerError when that fails too."""
    table = TrainingData.load(Path(data))
    limits = [Requirement(**r) for r in requirements]
    wanted = [Member(int(m["trial"]), float(m["weight"]), m.get("models")) for m in members]
    choices = [wanted]
    if single_best is not None and [m.trial for m in wanted] != [single_best]:
        choices.append(
            [next((replace(m, weight=1.0) for m in wanted if m.trial == single_best), Member(single_best, 1.0))]
        )
    trouble = ""
    for chosen in choices:
        results = [read_result(Path(trials), m.trial) for m in chosen]
        decided = _decide(table, Path(trials), chosen, metric, limits, positive, prefer)
        bags = [
            (m.weight, load_models(table, r, _folder(Path(trials), m.trial), metric)[: m.models])
            for m, r in zip(chosen, results, strict=True)
        ]
        model = _assembled(table, bags, decided, metric, metadata or {})
        model = with_answers(model, decided.decision, decided.interval, positive, nonnegative)
        graph = model.SerializeToString()
        proof = _proof(table, graph, bags, decided)
        if proof.ok:
            facts = _facts(table, model, graph, proof, decided, chosen, trouble)
            _write(Path(out), graph, facts)
            return facts
        trouble = (
            f"the graph of {len(chosen)} models differs from them by {proof.max_abs:.2g} "
            f"({proof.labels_differ} labels of {proof.rows}), so the best single model is delivered"
        )
    raise TrainerError(f"no graph answers as its models: {trouble}")


def read_result(trials: Path, index: int) -> TrialResult:
    """The result in a finished trial's folder."""
    saved = json.loads((_folder(trials, index) / "result.json").read_text(encoding="utf-8"))["result"]
    fields = {**saved, "candidate": Candidate(**saved["candidate"]), "fold_scores": tuple(saved["fold_scores"])}
    return TrialResult(**fields)


def out_of_fold(trials: Path, members: Sequence[Member]) -> NDArray[np.float64]:
    """Weighted mean of the members' out-of-fold predictions; NaN where any of them has none."""
    total = sum(m.weight for m in members)
    parts = [m.weight / total * np.load(_folder(trials, m.trial) / "oof.npy").astype(np.float64) for m in members]
    return np.asarray(np.sum(parts, axis=0))


def _folder(trials: Path, index: int) -> Path:
    return trials / f"{index:04d}"


def _decide(
    table: TrainingData,
    trials: Path,
    members: Sequence[Member],
    metric: str,
    limits: Sequence[Requirement],
    positive: int | None,
    prefer: str,
) -> Decided:
    return decide(
        table.y,
        out_of_fold(trials, members),
        table.folds,
        classes=table.classes,
        metric=metric,
        requirements=limits,
        positive=positive,
        prefer=prefer,
    )


def _assembled(
    table: TrainingData, bags: Sequence[Bag], decided: Decided, metric: str, metadata: Mapping[str, str]
) -> onnx.ModelProto:
    return assemble(
        [(weight, [model.graph() for model in models]) for weight, models in bags],
        features=table.typed,
        outputs=max(table.classes, 1),
        temperature=decided.temperature,
        metadata={"metric": metric, **metadata},
        differences=table.differences,
    )


def _sample(table: TrainingData, rows: int) -> NDArray[np.float32]:
    picked = np.random.default_rng(0).permutation(table.rows)[:rows]
    return np.ascontiguousarray(table.x[np.sort(picked), : table.typed])


def _proof(table: TrainingData, graph: bytes, bags: Sequence[Bag], decided: Decided) -> Parity:
    x = _sample(table, PARITY_ROWS)
    typed = table.typed
    return check(
        graph,
        bags,
        x,
        kinds=table.kinds[:typed],
        levels=table.levels[:typed],
        temperature=decided.temperature,
        extend=table.extended,
    )


def _facts(
    table: TrainingData,
    model: onnx.ModelProto,
    graph: bytes,
    proof: Parity,
    decided: Decided,
    members: Sequence[Member],
    fallback: str,
) -> GraphFacts:
    price = cost(graph, _sample(table, 2000))
    return GraphFacts(
        size_mb=len(graph) / 1e6,
        parameters=parameters(model),
        nodes=len(model.graph.node),
        us_per_row_1=price.us_per_row_1,
        us_per_row_100=price.us_per_row_100,
        parity_max=proof.max_abs,
        parity_rows=proof.rows,
        labels_differ=proof.labels_differ,
        members=[asdict(m) for m in members],
        decision=asdict(decided.decision),
        interval=None if decided.interval is None else asdict(decided.interval),
        temperature=decided.temperature,
        why=list(decided.why),
        score=decided.score,
        fallback=fallback,
        tradeoff=decided.tradeoff,
    )


def parameters(model: onnx.ModelProto) -> int:
    """Numbers that were learned: elements of float constants, and splits and leaves of trees."""
    total = sum(int(np.prod(t.dims)) for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT)
    for node in model.graph.node:
        total += sum(int(np.prod(a.t.dims)) for a in node.attribute if a.name in ("nodes_splits", "leaf_weights"))
    return total


def _write(out: Path, graph: bytes, facts: GraphFacts) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    for path, content in ((out, graph), (out.with_suffix(".json"), json.dumps(asdict(facts)).encode())):
        draft = path.with_name(path.name + ".tmp")
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
