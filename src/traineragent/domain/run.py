"""What happens in a run: operations that are planned, trials that are trained, measurements, and the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

AgentName = Literal["task", "data", "model", "server"]
Status = Literal["delivered", "delivered_unmet", "declined", "needs_answer", "failed"]

EXIT_CODES: dict[Status, int] = {
    "delivered": 0,
    "delivered_unmet": 3,
    "declined": 4,
    "needs_answer": 5,
    "failed": 1,
}


@dataclass(frozen=True)
class Operation:
    """One act chosen by a brain from an agent's catalogue. `step` is the SOP step it comes from."""

    step: str
    do: str
    args: dict[str, Any]
    why: str


@dataclass(frozen=True)
class Candidate:
    """A model to try: a family (plug-in name) with its parameters. `origin` says who proposed it."""

    family: str
    params: dict[str, Any] = field(default_factory=dict)
    origin: str = "portfolio"
    share: float = 0.25  # most of the remaining search time one trial may take


@dataclass(frozen=True)
class Trial:
    """A candidate at work. `index` orders the search; everything random in it derives from (seed, index)."""

    index: int
    candidate: Candidate
    time_limit_s: float | None = None

    def end(self, start: float, deadline: float | None) -> float | None:
        """When it must be over, for one begun at `start`: the deadline, or its own limit where that comes first; both
        on one clock, in seconds. None where there is neither."""
        own = None if self.time_limit_s is None else start + self.time_limit_s
        return min((end for end in (deadline, own) if end is not None), default=None)


REFITTED = "all_rows.npz"
"""File of a trial's model of all rows, which is delivered in place of those of the folds."""


@dataclass(frozen=True)
class TrialResult:
    """What a trial gave. `score` is the cross-validated metric, always "higher is better" (errors are negated);
    `files` maps file name in the trial's folder -> sha256."""

    index: int
    candidate: Candidate
    status: Literal["done", "pruned", "timeout", "failed"]
    score: float | None = None
    fold_scores: tuple[float, ...] = ()
    seconds: float = 0.0
    files: dict[str, str] = field(default_factory=dict)
    size_mb: float = 0.0
    predict_us: float = 0.0  # one row through the exported graph, microseconds
    note: str = ""
    cpu_s: float = 0.0  # that the process took; fewer than `seconds` where others use the machine too


@dataclass(frozen=True)
class Member:
    """A trial in a selection. `models`: only so many of its fold models are used (compression); None: all."""

    trial: int
    weight: float
    models: int | None = None


@dataclass(frozen=True)
class Selection:
    """The model to deliver: weighted members, with what cross-validation says of it."""

    members: tuple[Member, ...]
    score: float
    single_best: int
    why: str


@dataclass(frozen=True)
class Decision:
    """How probabilities become a label. `threshold` (binary): the positive class is answered from this probability on.
    `weights` (many classes): probabilities are multiplied by them before the largest wins. `thresholds` (several labels
    a row): each label is answered from its own on, and where none is and `always` is set, the likeliest for it."""

    threshold: float | None = None
    weights: tuple[float, ...] = ()
    thresholds: tuple[float, ...] = ()
    always: bool = False


@dataclass(frozen=True)
class Interval:
    """Conformal interval around a predicted value: the truth lies in [value + low, value + high] with probability
    `coverage`. `edges` cut predicted values into bins with a `low` and a `high` each (Mondrian conformal prediction,
    Vovk et al. 2005): bin i holds [edges[i - 1], edges[i]). No edges: one bin."""

    coverage: float
    low: tuple[float, ...]
    high: tuple[float, ...]
    edges: tuple[float, ...] = ()


@dataclass(frozen=True)
class Measured:
    """A requirement beside its measurement. `measured` None: could not be measured, `note` says why."""

    name: str
    direction: Literal["<=", ">="]
    limit: float
    measured: float | None
    met: bool
    stated_as: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Score:
    """A metric on the sealed hold-out through the exported bundle. `interval`: 95 %, from resampled rows. `others`:
    further metrics of the same answers, name -> value."""

    name: str
    value: float
    interval: tuple[float, float]
    baseline: float
    rows: int
    looks: int = 1
    others: dict[str, float] = field(default_factory=dict)
