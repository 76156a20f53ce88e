"""What was asked for: the request as given and the task specification as understood and agreed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

TaskType = str  # a module name in traineragent.tasks, e.g. "tabular_classification"
Direction = Literal["maximize", "minimize"]
Decision = Literal["accept", "ask", "decline"]

MEASURED_ON_SERVICE = (
    "latency_ms_p50",
    "latency_ms_p95",
    "latency_ms_p99",
    "throughput_rows_s",
    "size_mb",
    "memory_mb",
    "train_minutes",
    "parameters_m",
)
"""Requirement names that are properties of the delivered service or of the run; all others are metrics."""


@dataclass(frozen=True)
class Request:
    """A person's words and options, exactly as given. `minutes` is wall-clock; None lets the planner choose. `llm_usd`
    and `llm_calls` limit what a language model may cost; `share_examples` lets it see values from the data.
    `memory`: lessons of earlier runs may be used, and one is kept of this. `allow_code` lets it write features, which
    run in the sandbox; `allow_unsandboxed_code` also where there is none."""

    words: str
    data: tuple[str, ...] = ()
    target: str | None = None
    minutes: float | None = None
    trials: int | None = None
    seed: int = 0
    brain: str = "planner"
    models: tuple[str, ...] = ()
    engine: str = "local"
    ask: bool = False
    llm_usd: float | None = None
    llm_calls: int | None = None
    share_examples: bool = False
    memory: bool = True
    allow_code: bool = False
    allow_unsandboxed_code: bool = False


@dataclass(frozen=True)
class Metric:
    """A scikit-learn metric name (f1 is binary F1 of the positive class). `stated`: the user named or described it."""

    name: str
    direction: Direction
    stated: bool = False


@dataclass(frozen=True)
class Requirement:
    """A measurable limit in the unit of its name. Scores are fractions (90 % = 0.9), errors in target units."""

    name: str
    direction: Literal["<=", ">="]
    limit: float
    stated_as: str | None = None
    positive_label: str | None = None

    @property
    def words(self) -> str:
        """For a reader: "latency_ms_p95 at most 20"."""
        return f"{self.name} {'at most' if self.direction == '<=' else 'at least'} {self.limit:g}"

    def met_by(self, measured: float) -> bool:
        return measured <= self.limit if self.direction == "<=" else measured >= self.limit


@dataclass(frozen=True)
class Assumption:
    """Something inferred rather than said. `confidence` in [0, 1]."""

    what: str
    value: str
    why: str
    confidence: float


@dataclass(frozen=True)
class Question:
    """Something essential that is missing or contradictory. `about` is the field of the specification it settles."""

    about: str
    text: str
    choices: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True)
class Verdict:
    """May it and can it be done. `policy_class` is the matched policy entry, e.g. "high_risk:credit"."""

    decision: Decision = "accept"
    policy_class: str = "ordinary"
    reasons: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    alternative: str | None = None


@dataclass(frozen=True)
class IgnoredColumn:
    column: str
    why: str


@dataclass(frozen=True)
class DataInfo:
    """`kind`: "table", later "image_folder", "text_folder", …  `target` None until it is known."""

    kind: str = "table"
    inputs: tuple[str, ...] = ()
    target: str | None = None
    rows: int = 0
    ignored: tuple[IgnoredColumn, ...] = ()
    positive_label: str | None = None
    group: str | None = None
    time: str | None = None


@dataclass(frozen=True)
class DeploymentInfo:
    """Only what was said or plainly implied; None means the product's default."""

    interface: str | None = None
    device: str | None = None
    format: str | None = None
    offline: bool | None = None


@dataclass(frozen=True)
class Budget:
    minutes: float | None = None
    trials: int | None = None
    llm_usd: float | None = None


@dataclass(frozen=True)
class TaskSpec:
    """The agreed specification; `task.json` is its JSON form (see the contract)."""

    task_type: TaskType
    metrics: tuple[Metric, ...] = ()
    data_info: DataInfo = field(default_factory=DataInfo)
    deployment_info: DeploymentInfo = field(default_factory=DeploymentInfo)
    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    assumptions: tuple[Assumption, ...] = ()
    verdict: Verdict = field(default_factory=Verdict)
    language: str = "en"

    @property
    def metric(self) -> Metric:
        """The metric the search optimises: the first."""
        return self.metrics[0]

    def limit(self, name: str) -> float | None:
        """The stated limit called `name`, or None."""
        return next((r.limit for r in self.requirements if r.name == name), None)

    def to_json(self) -> dict[str, Any]:
        out = asdict(self)
        verdict: dict[str, Any] = out["verdict"]
        verdict["class"] = verdict.pop("policy_class")
        return out
