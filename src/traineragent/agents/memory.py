"""What an agent remembers: this run's journal and folder, what earlier steps gave, and the tools it acts through."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from .. import registry
from ..domain.messages import DataPrepared, RefinementRequested, RunRequested, TaskSpecified
from ..domain.run import AgentName, Operation
from ..domain.task import Request, TaskSpec
from ..ports import Answer, Brain, BrainQuestion, Compute, Facts, Line, OperationSpec, Task
from ..serve.manifest import file_sha256
from ..store.journal import Decision, Journal
from ..store.runfolder import home_of
from ..store.typed import read_value, write_value
from .recollection import Thought, recollect

T = TypeVar("T")
Progress = Callable[[dict[str, Any]], None]


@dataclass
class Memory:
    """`cache` holds values that can be made again from the folder (an opened table, a prepared matrix); losing it
    costs time, never truth. `make_compute` opens the place where trials run, `ask_person` is None where nobody is.
    `lessons`: what earlier runs taught, in sentences, for a brain that reads; `lessons_home`: where they are kept;
    `families_taken_out`: of each question, by the user's overlay, so that no lesson brings them back."""

    journal: Journal
    folder: Path
    brain: Brain
    settings: Mapping[AgentName, Mapping[str, Any]]
    make_compute: Callable[[Memory], Compute]
    progress: Progress
    ask_person: Callable[[Any], str | None] | None = None
    cache: dict[Any, Any] = field(default_factory=dict)
    lessons: tuple[str, ...] = ()
    lessons_home: Path | None = None
    families_taken_out: Mapping[str, frozenset[str]] = field(default_factory=dict)

    # ------------------------------------------------------------------ facts of the run
    @cached_property
    def request(self) -> Request:
        request: Request = self.journal.last(RunRequested).request
        return request

    def forget_request(self) -> None:
        """Has the request read from the journal again, where another was written since."""
        self.__dict__.pop("request", None)

    @property
    def home(self) -> Path:
        """The run's own folder, where what is delivered ends up; `folder` is where this revision is worked on."""
        return home_of(self.folder)

    @property
    def follow_up(self) -> RefinementRequested | None:
        """What a person wants different, where this is a revision of an earlier delivery."""
        asked: RefinementRequested | None = self.journal.last(RefinementRequested)
        return asked

    @property
    def revision(self) -> int:
        """1 for the first delivery of a run, then a number for each follow-up."""
        return self.follow_up.number if self.follow_up else 1

    @property
    def task(self) -> TaskSpec:
        """The task as agreed. Raises AssertionError before it is specified."""
        said = self.journal.last(TaskSpecified)
        assert said is not None, "the task is not specified yet"
        task: TaskSpec = said.task
        return task

    @property
    def kind(self) -> Task:
        """The plug-in of the task's type."""
        found: Task = registry.get("tasks", self.task.task_type)
        return found

    @property
    def line(self) -> Line:
        """How tasks of this shape are worked on."""
        found: Line = registry.get("lines", self.kind.line)
        return found

    @property
    def facts(self) -> dict[str, Any]:
        prepared = self.journal.last(DataPrepared)
        assert prepared is not None, "the data is not prepared yet"
        return dict(prepared.facts)

    @property
    def total_s(self) -> float:
        """The wall-clock budget of the run in seconds."""
        return 60.0 * (self.task.budget.minutes or 0.0)

    @property
    def left_s(self) -> float:
        return self.total_s - self.journal.clock_s

    @property
    def compute(self) -> Compute:
        if "compute" not in self.cache:
            self.cache["compute"] = self.make_compute(self)
        found: Compute = self.cache["compute"]
        return found

    def close(self) -> None:
        if "compute" in self.cache:
            self.cache.pop("compute").close()

    # ------------------------------------------------------------------ planning
    def settings_of(self, agent: AgentName) -> Mapping[str, Any]:
        """The settings of an agent's procedure; those under `by_line` hold for tasks of that line only, those under
        `by_task` for one type of task."""
        settings = self.settings[agent]
        if not {"by_line", "by_task"} & set(settings) or self.journal.last(TaskSpecified) is None:
            return settings
        of_line = settings.get("by_line", {}).get(self.line.name, {})
        return {**settings, **of_line, **settings.get("by_task", {}).get(self.task.task_type, {})}

    def plan(
        self,
        agent: AgentName,
        kind: str,
        facts: Facts,
        catalogue: Mapping[str, OperationSpec],
        key: str,
        **asked: Any,
    ) -> tuple[Operation, ...]:
        """Asks the brain, writes each decision with its reason and evidence into the journal, returns the operations.
        `key` makes the entries unique, so that a resumed run writes none twice. `asked` are further fields of the
        `BrainQuestion`: details, choices, check."""
        thought = self.cache.pop(("ahead", f"{key}/{agent}.{kind}"), None)
        question = self._question(agent, kind, facts, catalogue, key, asked)
        answer = thought.result() if thought is not None else self.brain.answer(question)
        self._journal_answer(f"{key}/{kind}", agent, kind, facts, answer)
        operations: tuple[Operation, ...] = answer.operations
        return operations

    def think_ahead(
        self,
        agent: AgentName,
        kind: str,
        facts: Facts,
        catalogue: Mapping[str, OperationSpec],
        key: str,
        **asked: Any,
    ) -> None:
        """Begins to ask a slow brain now; `plan` with the same key takes the answer. A quick brain is asked then."""
        name = ("ahead", f"{key}/{agent}.{kind}")
        if self.brain.slow and name not in self.cache:
            question = replace(self._question(agent, kind, facts, catalogue, key, asked), ahead=True)
            self.cache[name] = Thought(lambda: self.brain.answer(question))

    def thought(self, agent: AgentName, kind: str, key: str) -> bool:
        """Whether `plan` would not have to wait for an answer that was asked for ahead."""
        found = self.cache.get(("ahead", f"{key}/{agent}.{kind}"))
        return found is None or found.done

    def wait_for(self, agent: AgentName, kind: str, key: str, seconds: float) -> bool:
        """Whether an answer that was asked for ahead is there, after waiting for it at most so long. False where
        nothing was asked for."""
        found = self.cache.get(("ahead", f"{key}/{agent}.{kind}"))
        return found is not None and found.wait(seconds)

    def _question(
        self,
        agent: AgentName,
        kind: str,
        facts: Facts,
        catalogue: Mapping[str, OperationSpec],
        key: str,
        asked: Mapping[str, Any],
    ) -> BrainQuestion:
        known = (*self.lessons, *recollect(self.journal.decisions())) if self.brain.slow else ()
        facts = {**self.settings_of(agent), **facts}
        return BrainQuestion(agent, kind, facts, catalogue, f"{key}/{agent}.{kind}", memory=known, **asked)

    def _journal_answer(self, key: str, agent: AgentName, kind: str, facts: Facts, answer: Answer) -> None:
        """What was decided, what was refused before, and why the brain that was asked did not decide itself."""
        evidence = {k: v for k, v in facts.items() if _is_plain(v)}
        found = {
            f"{key}/refused-{number}": Decision(agent, r.by, f"{kind}: refused {r.said[:120]}", r.why, {})
            for number, r in enumerate(answer.refused)
        }
        if answer.instead_of:
            found[f"{key}/instead"] = Decision(
                agent, answer.by, f"{kind}: decided by the {answer.by}", answer.instead_of, {}
            )
        found |= {
            f"{key}/{number}": Decision(agent, answer.by, f"{kind}: {_what(operation)}", operation.why, evidence)
            for number, operation in enumerate(answer.operations)
        }
        self.journal.decide_all(found)

    # ------------------------------------------------------------------ steps that are never repeated
    def step(self, key: str, agent: AgentName, work: Callable[[], tuple[Any, list[Path]]]) -> Any:
        """The JSON result of `work`, done at most once: a finished step whose files are unchanged is not repeated."""
        done = self.journal.step(key)
        if done is not None and all(self._unchanged(name, digest) for name, digest in done["files"].items()):
            return done["result"]
        started = time.monotonic()
        result, written = work()
        files = {str(p.relative_to(self.folder)): file_sha256(p) for p in written}
        self.journal.finish_step(key, agent, time.monotonic() - started, result, files)
        return result

    def _unchanged(self, name: str, digest: str) -> bool:
        path = self.folder / name
        return path.is_file() and file_sha256(path) == digest

    # ------------------------------------------------------------------ typed values in files
    def save(self, name: str, value: Any, kind: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_value(path, value, kind)
        return path

    def load(self, name: str, kind: type[T]) -> T:
        return read_value(self.folder / name, kind)

    def say(self, kind: str, text: str, **more: Any) -> None:
        """Tells the journal and whoever watches."""
        self.journal.event(kind, text=text, **more)
        self.progress({"kind": kind, "text": text, "clock_s": self.journal.clock_s, **more})


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | float | str | bool | None)


def _what(operation: Operation) -> str:
    args = ", ".join(f"{k}={round(v, 4) if isinstance(v, float) else v}" for k, v in operation.args.items())
    return f"{operation.do} {args[:300]}".strip()
