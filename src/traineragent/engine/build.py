"""Builds the deliverable graph of a selection: decisions from out-of-fold predictions, one graph, proof, cost.

A target for `Compute.call`: takes and gives plain JSON values, so that it can run in the child under a deadline. It
knows nothing of bundles or of how the selection was made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from .. import registry
from ..domain.preference import Preference
from ..domain.run import Candidate, Member, TrialResult
from ..domain.task import Requirement
from ..errors import TrainerError
from ..export.answers import with_answers
from ..export.graph import assemble
from ..export.parity import Bag, Parity, check, cost
from ..ports import Family, Fitted
from ..serve.inputs.parts import Rows
from ..store.files import write_bytes
from .dataset import TrainingData
from .decide import NO_PREFERENCE, Decided, decide
from .training import load_models, predicted
from .views import values_of, view_graphs

PARITY_ROWS = 3000
RICH_PARITY_ROWS = 200  # rows with texts or pictures take milliseconds each
PARITY_MB = 4.0  # a larger graph is proved on as many rows less; a forest of many classes takes milliseconds a row


@dataclass(frozen=True)
class GraphFacts:
    """What was built. `members` are those in the graph: fewer than asked for when the fallback had to be taken, and
    then `fallback` says why. `inputs`: tensors of rich inputs that it takes. `us_per_row_*`: microseconds a row, one
    thread, in batches of 1 and 100."""

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
    inputs: list[str] = field(default_factory=list)


def build(
    data: str,
    trials: str,
    members: Sequence[Mapping[str, Any]],
    out: str,
    *,
    metric: str,
    requirements: Sequence[Mapping[str, Any]] = (),
    positive: int | None = None,
    prefer: Preference = NO_PREFERENCE,
    nonnegative: bool = False,
    single_best: int | None = None,
    metadata: Mapping[str, str] | None = None,
) -> GraphFacts:
    """Writes the graph of `members` [{"trial", "weight", "models"?}] to `out` and its facts beside it as JSON.
    `prefer`: what words settle about mistakes. `nonnegative`: the answer cannot be below 0.

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
        read = [r.candidate for r in results]
        model = _assembled(table, bags, read, decided, metric, metadata or {})
        model = with_answers(model, decided.decision, decided.interval, positive, nonnegative)
        graph = model.SerializeToString()
        readers = [(w, _readers(table, c, models)) for (w, models), c in zip(bags, read, strict=True)]
        proof = _proof(table, graph, readers, decided)
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
    prefer: Preference,
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
    table: TrainingData,
    bags: Sequence[Bag],
    read: Sequence[Candidate],
    decided: Decided,
    metric: str,
    metadata: Mapping[str, str],
) -> onnx.ModelProto:
    reads = [tuple(c.params.get("views", ())) for c in read]
    return assemble(
        [(weight, [model.graph() for model in models]) for weight, models in bags],
        features=table.typed,
        outputs=max(table.classes, 1),
        temperature=decided.temperature,
        metadata={"metric": metric, **metadata},
        derived=table.derived,
        views=view_graphs(table, [name for names in reads for name in names]),
        reads=reads,
        multi=table.several,
    )


@dataclass(frozen=True)
class _At:
    """Typed rows made of training rows: `x` with what is derived, and which rows they were made of."""

    x: NDArray[np.float32]
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class _Reader:
    """A model with its candidate's eyes: the views and rich inputs of the rows it is asked about."""

    table: TrainingData
    candidate: Candidate
    family: Family
    fitted: Fitted

    def predict(self, rows: _At) -> NDArray[np.float64]:
        views = [values_of(self.table, n)[rows.places] for n in self.candidate.params.get("views", ())]
        x = np.concatenate([rows.x, *views], axis=1) if views else rows.x
        more = {n: p[rows.places] for n, p in self.table.more.items()} if self.family.card.reads else {}
        return predicted(self.family, self.fitted, x, more)


def _readers(table: TrainingData, candidate: Candidate, models: Sequence[Fitted]) -> list[Any]:
    family: Family = registry.get("families", candidate.family)
    return [_Reader(table, candidate, family, model) for model in models]


def _sample(table: TrainingData, rows: int) -> NDArray[np.int64]:
    """Places of rows drawn at random, in order."""
    return np.sort(np.random.default_rng(0).permutation(table.rows)[:rows])


def _typed(table: TrainingData, places: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.ascontiguousarray(table.x[places, : table.typed])


def _feed(table: TrainingData, picked: NDArray[np.int64]) -> Any:
    """Tensors of typed rows made of the rows at `picked[places]`; None where the matrix is all there is."""
    if not table.more:
        return None
    return lambda x, places: Rows(x, {n: p[picked[places]] for n, p in table.more.items()}).feeds()


def _proof(table: TrainingData, graph: bytes, bags: Sequence[Bag], decided: Decided) -> Parity:
    most = round(PARITY_ROWS * min(1.0, PARITY_MB * 1e6 / len(graph)))
    picked = _sample(table, RICH_PARITY_ROWS if table.more else max(most, RICH_PARITY_ROWS))
    typed = table.typed
    return check(
        graph,
        bags,
        _typed(table, picked),
        kinds=table.kinds[:typed],
        levels=table.levels[:typed],
        temperature=decided.temperature,
        extend=lambda x, places: _At(table.extended(x), picked[places]),
        feed=_feed(table, picked),
        multi=table.several,
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
    picked = _sample(table, 2000)
    price = cost(graph, _typed(table, picked), feed=_feed(table, picked))
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
        inputs=[i.name for i in model.graph.input if i.name != "x"],
    )


def parameters(model: onnx.ModelProto) -> int:
    """Numbers that were learned: elements of constants, rounded ones too but not how they were rounded, and splits and
    leaves of trees."""
    rounding = [n for n in model.graph.node if n.op_type in ("QuantizeLinear", "DequantizeLinear")]
    scales = {name for n in rounding for name in n.input[1:]}
    rounded = {n.input[0] for n in rounding}
    kinds = onnx.TensorProto
    total = 0
    for t in model.graph.initializer:
        plain = t.data_type == kinds.FLOAT and t.name not in scales
        small = t.data_type in (kinds.INT8, kinds.UINT8) and len(t.dims) > 1
        if plain or small or (t.data_type == kinds.INT32 and t.name in rounded):
            total += int(np.prod(t.dims))
    for node in model.graph.node:
        total += sum(int(np.prod(a.t.dims)) for a in node.attribute if a.name in ("nodes_splits", "leaf_weights"))
    return total


def _write(out: Path, graph: bytes, facts: GraphFacts) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(out, graph)
    write_bytes(out.with_suffix(".json"), json.dumps(asdict(facts)).encode())
