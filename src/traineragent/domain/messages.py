"""The envelope agents speak in, and the closed set of bodies it may carry. The class name is the message type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .data import ColumnProfile, Removal
from .run import AgentName, Candidate, Measured, Score, Selection
from .task import Question, Request, TaskSpec


@dataclass(frozen=True)
class RunRequested:
    """A person wants a model. First message of every run, to the Task agent."""

    request: Request


@dataclass(frozen=True)
class RefinementRequested:
    """A person wants something different after delivery `after`. First message of revision `number`, to the Task agent;
    `before` is the task as it was agreed, `measured` what that delivery gave, `earlier_words` what led to it."""

    words: str
    number: int
    after: int
    before: TaskSpec
    measured: dict[str, float]
    earlier_words: str
    minutes: float | None = None


@dataclass(frozen=True)
class DataRequested:
    """The Task agent needs to know what the data holds. `sources` are paths or addresses as the person gave them."""

    sources: tuple[str, ...]


@dataclass(frozen=True)
class DataCollected:
    """The data was read. `columns` are light profiles of the whole table, enough to understand the words. `kind` says
    what kind of collection it is, `target` the column that holds the answer where the collection itself settles that,
    and `removed` what could not be used, which `rows` does not count."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    notes: tuple[str, ...]
    files: tuple[dict[str, Any], ...]
    kind: str = "table"
    target: str | None = None
    removed: tuple[Removal, ...] = ()


@dataclass(frozen=True)
class TaskSpecified:
    """The request is understood and accepted; the Data agent may begin."""

    task: TaskSpec


@dataclass(frozen=True)
class DataPrepared:
    """Typed training data lies in the run folder. `facts` is a `PreparedFacts`, `files` maps name to sha256."""

    facts: dict[str, Any]
    files: dict[str, str]


@dataclass(frozen=True)
class DataDoubted:
    """The data is prepared (`facts` and `files` as in DataPrepared), and its training rows speak against the request.
    A doubt is {"action": "decline" or "warn", "about", "text", "alternative"}."""

    facts: dict[str, Any]
    files: dict[str, str]
    doubts: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class CandidatesRanked:
    """The order in which model families will be tried, with the reason for each."""

    candidates: tuple[Candidate, ...]
    why: tuple[str, ...]


@dataclass(frozen=True)
class ModelSelected:
    """This selection is to be exported. `provisional`: the first servable model; the search goes on after it."""

    selection: Selection
    trials: int
    round: int
    provisional: bool = False


@dataclass(frozen=True)
class SearchRequested:
    """The Model agent should use the time that is left to find something better."""

    round: int
    why: str


@dataclass(frozen=True)
class ServiceMeasured:
    """The exported bundle was verified and measured. `round` counts exports, from 0. Scores among `measured` are
    cross-validated: the hold-out stays sealed."""

    measured: tuple[Measured, ...]
    parity: float
    round: int
    provisional: bool = False


@dataclass(frozen=True)
class RequirementMissed:
    """Measured against a limit and over it: the receiving agent should do what it can about `names`."""

    names: tuple[str, ...]
    measured: tuple[Measured, ...]
    seconds_left: float
    round: int


@dataclass(frozen=True)
class NothingMoreHelps:
    """The agent has no way left to come nearer to the limits, and says why."""

    why: str


@dataclass(frozen=True)
class DeliveryAccepted:
    """The Task agent takes the delivery; the Server agent documents it and the hold-out is opened once."""

    requirements: tuple[Measured, ...]


@dataclass(frozen=True)
class ServiceDelivered:
    """Documented bundle on disk with its score on the sealed hold-out."""

    score: Score
    requirements: tuple[Measured, ...]


@dataclass(frozen=True)
class Declined:
    reasons: tuple[str, ...]
    alternative: str | None = None


@dataclass(frozen=True)
class AnswerNeeded:
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class WorkFailed:
    """An agent could not go on; the Task agent finds another way, or ends the run with an honest report. `kind` is
    "error", "timeout", "memory" or "crash"."""

    agent: str
    error: str
    kind: str = "error"


@dataclass(frozen=True)
class LighterDataRequested:
    """Preparing the data failed `attempt` times, the last time for `why`; the Data agent should ask less of it."""

    attempt: int
    why: str


@dataclass(frozen=True)
class RunFinished:
    """Last message of a run, to the person. `status` as in the report."""

    status: str
    reason: str = ""


Body = (
    RunRequested
    | RefinementRequested
    | DataRequested
    | DataCollected
    | TaskSpecified
    | DataPrepared
    | DataDoubted
    | CandidatesRanked
    | ModelSelected
    | SearchRequested
    | ServiceMeasured
    | RequirementMissed
    | NothingMoreHelps
    | DeliveryAccepted
    | ServiceDelivered
    | Declined
    | AnswerNeeded
    | WorkFailed
    | LighterDataRequested
    | RunFinished
)


@dataclass(frozen=True)
class Message:
    """`sender` and `to` are agent names or "person". `id` is unique within the run and orders messages."""

    id: int
    run: str
    at: str
    sender: AgentName | str
    to: AgentName | str
    body: Body
    in_reply_to: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return type(self.body).__name__
