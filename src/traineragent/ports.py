"""The architecture on one page: what each replaceable part must be able to do.

A brain answers questions and never acts. An agent perceives, plans (asks its brain) and acts. A family is a kind of
model; compute trains one candidate somewhere and always comes back. Each plug-in is one file; see `registry.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    import onnx

    from .series.fitted import FittedSeries
    from .series.panel import Panel
    from .serve.inputs.parts import Part
    from .serve.spans.chain import Turns

from .domain.data import FeatureKind, RichInput, ViewSpec
from .domain.messages import Body, Message
from .domain.run import AgentName, Operation, Trial, TrialResult

Facts = Mapping[str, Any]
ANSWERED = "answer"
"""The step of an operation that comes from no procedure but from a brain's own answer."""


# ---------------------------------------------------------------------------------------------- brains and agents
@dataclass(frozen=True)
class BrainQuestion:
    """A typed question. `kind` names the SOP section that answers it; `catalogue` lists the operations allowed.

    key       names the question within the run, so that an answer that was paid for is never asked for again
    details   facts that only a brain which reads prose needs; made when it is first called
    choices   argument name -> the values it may take
    check     raises an error, in words, when the operations together make no sense for this question
    memory    what happened in this run and what earlier runs taught, in sentences
    refused   earlier answers to this question, each with why it was refused
    ahead     the run goes on meanwhile and does not wait for this answer
    worded    the kind of question whose prompt words this one, where it is not `kind`"""

    agent: AgentName
    kind: str
    facts: Facts
    catalogue: Mapping[str, OperationSpec]
    key: str = ""
    details: Callable[[], Facts] = dict
    choices: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    check: Callable[[Sequence[Operation]], None] | None = None
    memory: Sequence[str] = ()
    refused: tuple[Refused, ...] = ()
    ahead: bool = False
    worded: str = ""


@dataclass(frozen=True)
class Refused:
    """An answer that was not taken: what was said (shortened), by whom, and why it would not do."""

    said: str
    why: str
    by: str


@dataclass(frozen=True)
class OperationSpec:
    """What an operation takes (argument name -> JSON type name, "?" appended if optional) and does."""

    arguments: Mapping[str, str]
    does: str


@dataclass(frozen=True)
class Answer:
    """Operations in order, with who chose them. An empty list means: nothing to do. `refused` are answers that were
    not taken before this one; `instead_of` says why a brain that was asked did not answer itself; `said` is the
    answer as it was given, where that is not the operations themselves."""

    operations: tuple[Operation, ...]
    by: str
    refused: tuple[Refused, ...] = ()
    instead_of: str = ""
    said: str = ""


class Brain(Protocol):
    """Answers typed questions; its answer is validated against the catalogue before anything runs.

    `slow`: an answer may take seconds, so that who can go on meanwhile asks ahead."""

    name: str
    slow: bool

    def answer(self, question: BrainQuestion) -> Answer: ...


class Agent(Protocol):
    """One of the four. `handle` runs perceive -> plan -> act for a message and returns the replies."""

    name: ClassVar[AgentName]

    def handle(self, message: Message) -> Sequence[tuple[str, Body]]:
        """Replies as (recipient, body), in order."""


class Task(Protocol):
    """A kind of task: one file in `tasks/` that defines PLUGIN. Its name is the task type of the contract.

    `line` names the plug-in in `lines/` that works on it, `codec` the file in `serve/codecs` that reads its rows and
    words its answers. Where it has candidates of its own, `portfolio` names the question of the Model agent's procedure
    that lists them; with `several`, rows may have any number of labels where the cells hold them."""

    name: str
    title: str
    line: str
    codec: str
    target_kind: Literal["class", "number", "other"]

    def search_metric(self, metric: str, classes: int) -> str:
        """The metric candidates are compared by when `metric` was asked for; `classes` is 0 where there are none."""

    def direction(self, metric: str) -> Literal["maximize", "minimize"]:
        """Which way a search metric of this task is better."""


@dataclass(frozen=True)
class Line:
    """How tasks of one shape are worked on, from the table of cells to the measured bundle: one file in `lines/` that
    defines PLUGIN. Each path "package.module:function" names one piece of work; `folder` is always the run's folder,
    below which a piece finds what earlier ones wrote and leaves what it makes. No path: there is no such work.

    In this process, where the table is open:
      split     (table: RawTable, task: TaskSpec, *, parts, group, time, seed, readings) -> (Holdout, Target): which
                rows are sealed, and how the answer column is read
      select    (folder: Path, history, *, metric, limits, seed, interpretable) -> Selection
    Where trials run, with JSON arguments and a JSON answer (`Compute.call`); `task` is TaskSpec.to_json():
      examine   (folder, task, seed) -> {"facts": for the procedure, "leaks": number}; writes data/profile.json
      make      (folder, task, operations, seed) -> {"facts": at least "rows", "files": names below the folder}, and
                "doubts" where the rows speak against the task (see `DataDoubted`); writes data/prepared/,
                data/prepared.json and data/columns.json
      offers    (data: folder of the prepared data, metric, families) -> {family: {"card", "space", "suits"}}
      build     (folder, task, members, single_best, metadata) -> facts, at least those of `BUILT`
      validate  (folder, task, metric) -> cross-validated value of the selection as built, or None
      evaluate  (folder, task, seed) -> {"rows", …} after data/evaluation.json is written: {"evaluation": an
                `engine.evaluate.Evaluation`, …}, the hold-out scored through the bundle
      explain   (folder, task, seconds, seed); writes data/explanation.json
      refresh   (folder, task, seconds, seed) -> facts as of `build`: brings what was measured up to date with the
                hold-out
      examples  (folder, most) -> rows as a client sends them, from training data
      train     (data: Path, trial, *, metric, seed, threads, folder, deadline, rivals, progress) -> TrialResult; it
                leaves its files in `folder`
    `operations` is the path of the catalogue that the preparation chooses from. `questions` names the section of a
    procedure that answers a question for this line, where it is not the common one. `last_resorts` are families to
    train when the time is up and nothing is servable. `warm`: modules to import before there is work."""

    name: str
    split: str
    select: str
    examine: str
    make: str
    offers: str
    train: str
    build: str
    validate: str
    evaluate: str
    examples: str
    operations: str
    explain: str = ""
    refresh: str = ""
    last_resorts: tuple[str, ...] = ()
    questions: Mapping[str, str] = field(default_factory=dict)
    warm: tuple[str, ...] = ()

    def question(self, kind: str) -> str:
        """The section of the procedures that answers `kind` for this line."""
        return self.questions.get(kind, kind)


BUILT = ("size_mb", "us_per_row_1", "parity_max", "parity_rows", "parameters", "members", "why", "fallback", "files")
"""Facts about what was built that everyone relies on; `files`: name in the bundle -> name below the run's folder.
Where there are such, also: decision, interval, temperature, score, tradeoff, and `settings`: what the codec needs."""


# ---------------------------------------------------------------------------------------------- models
@dataclass(frozen=True)
class Card:
    """Facts about a model family, beside its code. Nobody branches on a family's name: ask the card."""

    name: str
    title: str
    tasks: tuple[str, ...]  # task kinds it can learn: "binary", "multiclass", "regression"
    interpretable: bool = False
    reads: tuple[str, ...] = ()  # kinds of rich inputs it learns from directly, such as "terms"; it needs one of each
    packages: tuple[str, ...] = ()  # beyond the core that it cannot be trained without
    min_rows: int = 0
    max_rows: int | None = None
    max_classes: int | None = None
    licence: str = ""
    source: str = ""  # paper or documentation of the method


@dataclass(frozen=True)
class Batch:
    """Typed rows. `x` float32 (rows, features), views included; `y` float64 (rows,): class index or value; `more`: the
    rows of each rich input by name."""

    x: np.ndarray
    y: np.ndarray
    more: Mapping[str, Part] = field(default_factory=dict)


@dataclass(frozen=True)
class FitContext:
    """What a fit may know besides its rows. `levels[j]`: category count of feature j, 0 if it is no category.
    `deadline` is on time.monotonic(); a fit that can stop early should, and return what it has. `inputs` describe
    what `Batch.more` holds, and their side files lie in `folder`; `views` are what may be seen of them."""

    kinds: tuple[FeatureKind, ...]
    levels: tuple[int, ...]
    classes: int  # 0 for regression
    metric: str
    seed: int
    threads: int
    deadline: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[RichInput, ...] = ()
    views: tuple[ViewSpec, ...] = ()
    folder: Path | None = None

    def input_of(self, kind: str) -> RichInput:
        """The first input of this kind."""
        return next(i for i in self.inputs if i.kind == kind)


class Fitted(Protocol):
    """A trained model. Scores are float64 (rows, classes) probabilities, or (rows,) values for regression."""

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Scores of rows. A family whose card reads rich inputs defines predict(x, more) instead."""

    def save(self, path: Path) -> None:
        """Writes text, npz (allow_pickle=False) or ONNX; never a pickle."""

    def graph(self) -> onnx.ModelProto:
        """Input "x" float (rows, features), and the tensors of the rich inputs that the card reads, by their names;
        output "y" float (rows, classes), or (rows, 1) for regression."""


class Family(Protocol):
    """A kind of model: one file in `families/` that defines PLUGIN."""

    card: Card

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        """The parameters worth tuning: name -> ("float" or "int", low, high, log) or ("choice", …)."""

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> Fitted:
        """Learns from `train`; `valid`, when given, may be used for early stopping only."""

    def load(self, path: Path, context: FitContext) -> Fitted: ...


class View(Protocol):
    """Rich inputs as plain numbers: one file in `views/` that defines PLUGIN. It learns nothing from the answers, so
    it is made once from all training rows, and every model that can read a matrix can read it."""

    title: str

    def offer(self, inputs: Sequence[RichInput], options: Mapping[str, Any]) -> str:
        """ "" where it can be had of these inputs; else why not, and what would help."""

    def graph(
        self, more: Mapping[str, Part], spec: ViewSpec, inputs: Sequence[RichInput], folder: Path
    ) -> onnx.ModelProto:
        """From the tensors of the inputs to "view" float (rows, width). `more` holds all training rows; side files lie
        in `folder`. A row's view must not depend on the rows beside it."""


class FittedTagger(Protocol):
    """A trained tagger of texts. `turns` has the scores of going from tag to tag; `encoder` are the settings of
    what computes vectors of tokens, empty where it reads none."""

    tags: tuple[str, ...]
    turns: Turns
    encoder: Mapping[str, Any]

    @property
    def parameters(self) -> int: ...

    def scores(self, data: Any) -> np.ndarray:
        """Scores of each token's tags, float32 (tokens, tags), for an `engine.spans.dataset.MarkedTexts`."""

    def shifted(self, outside: float) -> FittedTagger:
        """The same, with `outside` taken from the score of marking nothing."""

    def save(self, path: Path) -> None: ...

    def files(self) -> Mapping[str, bytes]:
        """The files of a bundle by name, those of a shared encoder aside; "model.onnx" gives the scores."""

    def settings(self) -> Mapping[str, Any]:
        """What `serve.spans.tagger` needs to know, but for how tokens are cut."""


class TaggerFamily(Protocol):
    """A kind of model that marks parts of texts: a family whose card names the task "spans"."""

    card: Card

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        """As of `Family`."""

    def fit(self, params: Mapping[str, Any], data: Any, context: FitContext) -> FittedTagger: ...

    def load(self, path: Path, context: FitContext) -> FittedTagger: ...


@dataclass(frozen=True)
class SeriesContext:
    """What a fit of series may know besides them; see `FitContext`."""

    metric: str
    seed: int
    threads: int
    deadline: float | None = None


class SeriesFamily(Protocol):
    """A kind of forecaster: one file in `families/` whose card names the task "forecasting"."""

    card: Card

    def space(self, panel: Panel) -> Mapping[str, Any]:
        """The parameters worth tuning on such series; see `Family.space`."""

    def fit(self, params: Mapping[str, Any], panel: Panel, context: SeriesContext) -> FittedSeries:
        """Learns from all values of the panel. Raises ValueError where these series cannot be learned this way."""


class Compute(Protocol):
    """Where trials run. `run` always returns: a trial that fails, hangs or dies is a result, not an exception."""

    def run(self, trial: Trial, timeout_s: float) -> TrialResult: ...

    def call(self, function: str, args: Mapping[str, Any], timeout_s: float) -> Any:
        """Runs "package.module:function" there with JSON arguments. Raises TrainerError, saying why in words."""

    def close(self) -> None: ...
