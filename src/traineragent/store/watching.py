"""A run as it stands at this moment, read from its journals for who watches from outside while it is worked on.

Reads only; knows nothing of how it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..domain.messages import Message, RefinementRequested, RunFinished, RunRequested, TaskSpecified
from ..domain.run import TrialResult
from ..domain.task import Request, TaskSpec
from .asking import OpenQuestion, open_question
from .files import read_json
from .journal import Decision, Journal
from .partway import partway
from .revisions import revisions_of, words_of
from .runfolder import JOURNAL

HEAD, SQLITE, WAL = 20, b"SQLite format 3", b"\x02\x02"
"""Of a file of SQLite: what it begins with, and its bytes 18 and 19 once it may be read beside its writer."""


@dataclass(frozen=True)
class Work:
    """One journal: a first delivery or a follow-up (`revision` > 1). `worker`: the process at work on it, or None.
    `clock_s`: seconds of work so far, `waiting` the message being handled, `partway` how far a trial has come."""

    revision: int
    folder: Path
    status: str
    worker: int | None
    created: str | None
    request: Request | None
    follow_up: str
    task: TaskSpec | None
    clock_s: float
    waiting: Message | None
    messages: tuple[Message, ...]
    decisions: tuple[Decision, ...]
    events: tuple[Mapping[str, Any], ...]
    trials: tuple[TrialResult, ...]
    trial_clock: Mapping[int, float]
    metric: str
    minimize: bool
    question: OpenQuestion | None
    finished: RunFinished | None
    abandoned: str
    partway: Mapping[str, Any]

    @property
    def budget_s(self) -> float | None:
        """The wall-clock budget, once the task is agreed."""
        minutes = self.task.budget.minutes if self.task else None
        return 60.0 * minutes if minutes else None

    @property
    def left_s(self) -> float | None:
        return None if self.budget_s is None else max(self.budget_s - self.clock_s, 0.0)

    @property
    def goes_on(self) -> bool:
        """Whether there is something to do: it did not come to an end, and was not given up."""
        return self.finished is None and self.status != "abandoned"

    def last(self, kind: str) -> Mapping[str, Any] | None:
        """The newest event of this kind."""
        return next((e for e in reversed(self.events) if e["kind"] == kind), None)


@dataclass(frozen=True)
class Watched:
    """A run: its work in order, the last piece being the one to look at, and the report of what lies at its top."""

    folder: Path
    work: Work
    report: Mapping[str, Any] | None
    follow_up_report: Mapping[str, Any] | None

    @property
    def worker(self) -> int | None:
        return self.work.worker

    @property
    def first(self) -> bool:
        """Whether the first delivery is what was worked on last."""
        return self.work.revision == 1


def watch(run: Path) -> Watched:
    """The run in the folder `run`. Raises InputError where it is none, or is damaged."""
    last = [r for r in revisions_of(run) if r.number == 1 or words_of(r)][-1]  # one never asked for is none
    worker = worker_of(run)
    report = _report(run)
    own = _report(last.folder) if last.number > 1 else None
    return Watched(run, _work(last.number, last.folder, last.status, worker), report, own)


def begun(run: Path) -> bool:
    """Whether there is a journal that may be looked at. One that is being made is left alone: opened before it is set
    to be read beside its writer, it could be in the way of that."""
    try:
        with (run / JOURNAL).open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return len(head) == HEAD and (head[18:] == WAL or not head.startswith(SQLITE))


def worker_of(run: Path) -> int | None:
    """The process at work on the run or one of its follow-ups."""
    journal = Journal(run / JOURNAL)
    try:
        return journal.worker
    finally:
        journal.close()


def traces(run: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes whenever something is written: cheap to ask, to be compared with what it was."""
    below = run / "revisions"
    folders = [run, *sorted(below.iterdir())] if below.is_dir() else [run]
    paths = [f / name for f in folders for name in (JOURNAL, f"{JOURNAL}-wal", "report.json")]
    return tuple((str(p), s.st_size, s.st_mtime_ns) for p in paths if p.exists() and (s := p.stat()))


def _report(folder: Path) -> Mapping[str, Any] | None:
    path = folder / "report.json"
    return read_json(path) if path.is_file() else None


def _work(number: int, folder: Path, status: str, worker: int | None) -> Work:
    journal = Journal(folder / JOURNAL)
    try:
        asked: RunRequested | None = journal.last(RunRequested)
        changed: RefinementRequested | None = journal.last(RefinementRequested)
        specified: TaskSpecified | None = journal.last(TaskSpecified)
        events = tuple(journal.events())
        return Work(
            number,
            folder,
            status,
            worker,
            journal.meta("created"),
            asked.request if asked else None,
            changed.words if changed else "",
            specified.task if specified else None,
            _clock(journal, events, worker),
            journal.next_message(),
            tuple(journal.messages()),
            tuple(journal.decisions()),
            events,
            tuple(journal.trials()),
            journal.trial_clock(),
            journal.meta("metric") or "",
            journal.meta("direction") == "minimize",
            open_question(events) if worker is not None else None,
            journal.last(RunFinished),
            journal.meta("abandoned") or "",
            partway(journal),
        )
    finally:
        journal.close()


def _clock(journal: Journal, events: tuple[Mapping[str, Any], ...], worker: int | None) -> float:
    """Seconds of work so far: what the journal wrote last, and what has gone by since while somebody is at work."""
    written = float(journal.meta("active_s") or 0.0)
    if worker is None or not events or events[-1]["kind"] == "question":
        return written
    since = (datetime.now(UTC) - datetime.fromisoformat(events[-1]["at"])).total_seconds()
    return max(written, float(events[-1]["clock_s"]) + max(since, 0.0))
