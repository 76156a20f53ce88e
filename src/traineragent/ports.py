"""The architecture on one page: what each replaceable part must be able to do.

A brain answers questions and never acts. An agent perceives, plans (asks its brain) and acts. A family is a kind of
model; compute trains one candidate somewhere and always comes back. Each plug-in is one file; see `registry.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    import onnx

from .domain.data import FeatureKind
from .domain.messages import Body, Message
from .domain.run import AgentName, Operation, Trial, TrialResult

Facts = Mapping[str, Any]


# ---------------------------------------------------------------------------------------------- brains and agents
@dataclass(frozen=True)
class BrainQuestion:
    """A typed question. `kind` names the SOP section that answers it; `catalogue` lists the operations allowed."""

    agent: AgentName
    kind: str
    facts: Facts
    catalogue: Mapping[str, OperationSpec]


@dataclass(frozen=True)
class OperationSpec:
    """What an operation takes (argument name -> JSON type name, "?" appended if optional) and does."""

    arguments: Mapping[str, str]
    does: str


@dataclass(frozen=True)
class Answer:
    """Operations in order, with who chose them. An empty list means: nothing to do."""

    operations: tuple[Operation, ...]
    by: str


class Brain(Protocol):
    """Answers typed questions; its answer is validated against the catalogue before anything runs."""

    name: str

    def answer(self, question: BrainQuestion) -> Answer: ...


class Agent(Protocol):
    """One of the four. `handle` runs perceive -> plan -> act for a message and returns the replies."""

    name: ClassVar[AgentName]

    def handle(self, message: Message) -> Sequence[tuple[str, Body]]:
        """Replies as (recipient, body), in order."""


class Task(Protocol):
    """A kind of task: one file in `tasks/` that defines PLUGIN. Its name is the task type of the contract."""

    name: str
    title: str
    target_kind: Literal["class", "number"]

    def search_metric(self, metric: str, classes: int) -> str:
        """The metric candidates are compared by when `metric` was asked for; `classes` is 0 for regression."""


# ---------------------------------------------------------------------------------------------- models
@dataclass(frozen=True)
class Card:
    """Facts about a model family, beside its code. Nobody branches on a family's name: ask the card."""

    name: str
    title: str
    tasks: tuple[str, ...]  # task kinds it can learn: "binary", "multiclass", "regression"
    interpretable: bool = False
    min_rows: int = 0
    max_rows: int | None = None
    max_classes: int | None = None
    licence: str = ""
    source: str = ""  # paper or documentation of the method


@dataclass(frozen=True)
class Batch:
    """Typed rows. `x` float32 (rows, features), `y` float64 (rows,): class index or value."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class FitContext:
    """What a fit may know besides its rows. `levels[j]`: category count of feature j, 0 if it is no category.
    `deadline` is on time.monotonic(); a fit that can stop early should, and return what it has."""

    kinds: tuple[FeatureKind, ...]
    levels: tuple[int, ...]
    classes: int  # 0 for regression
    metric: str
    seed: int
    threads: int
    deadline: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Fitted(Protocol):
    """A trained model. Scores are float64 (rows, classes) probabilities, or (rows,) values for regression."""

    def predict(self, x: np.ndarray) -> np.ndarray: ...

    def save(self, path: Path) -> None:
        """Writes text, npz (allow_pickle=False) or ONNX; never a pickle."""

    def graph(self) -> onnx.ModelProto:
        """Input "x" float (rows, features); output "y" float (rows, classes), or (rows, 1) for regression."""


class Family(Protocol):
    """A kind of model: one file in `families/` that defines PLUGIN."""

    card: Card

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        """The parameters worth tuning: name -> ("float" or "int", low, high, log) or ("choice", …)."""

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> Fitted:
        """Learns from `train`; `valid`, when given, may be used for early stopping only."""

    def load(self, path: Path, context: FitContext) -> Fitted: ...


class Compute(Protocol):
    """Where trials run. `run` always returns: a trial that fails, hangs or dies is a result, not an exception."""

    def run(self, trial: Trial, timeout_s: float) -> TrialResult: ...

    def call(self, function: str, args: Mapping[str, Any], timeout_s: float) -> Any:
        """Runs "package.module:function" there with JSON arguments. Raises TrainerError, saying why in words."""

    def close(self) -> None: ...
