"""The runs of one folder, as the page sees them: listed, looked at, started, stopped, gone on with, changed.

All truth lies in the run folders and in how a job ended. Knows nothing of HTTP or of how it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ..errors import InputError
from ..store.asking import give_answer
from ..store.journal import Journal
from ..store.listing import described
from ..store.runfolder import JOURNAL, name_for
from ..store.watching import Watched, begun, traces, watch, worker_of
from .jobs import Job, Jobs, interrupt
from .missing import Missing

DELIVERED = ("delivered", "delivered_unmet")
OWN = ".ui"
UPLOADS = "uploads"
Phase = Literal["starting", "working", "asking", "interrupted", "finished", "gone", "damaged"]


@dataclass(frozen=True)
class Look:
    """A run at this moment. `watched` None: there is no journal (yet), or it is damaged as `damage` says."""

    name: str
    folder: Path
    watched: Watched | None
    job: Job | None
    damage: str = ""

    @cached_property
    def phase(self) -> Phase:
        if self.damage:
            return "damaged"
        if self.watched is None:
            return "starting" if self.job is not None and self.job.at_work else "gone"
        if self._calling:
            return "starting"
        if self.watched.worker is not None or (self.job is not None and self.job.at_work):
            return "asking" if self.watched.work.question is not None else "working"
        return "interrupted" if self.watched.work.goes_on else "finished"

    @property
    def _calling(self) -> bool:
        """Whether a process has begun that has not come to what it was asked for."""
        if self.job is None or self.watched is None or not self.job.at_work:
            return False
        if self.job.asked["do"] == "refine":
            return self.watched.work.follow_up != str(self.job.asked["words"])
        return self.watched.worker is None and self.watched.work.goes_on

    @property
    def busy(self) -> bool:
        return self.phase in ("starting", "working", "asking")

    @property
    def delivered(self) -> bool:
        """Whether a delivery lies at the top, whatever is being worked on."""
        report = self.watched.report if self.watched else None
        return bool(report) and str(report["status"]) in DELIVERED  # type: ignore[index]

    @property
    def stands(self) -> bool:
        """Whether what lies at the top is settled: a first delivery only when its last step is done."""
        return self.delivered and not (self.phase == "working" and self.watched is not None and self.watched.first)

    @property
    def words(self) -> str:
        request = self.watched.work.request if self.watched else None
        if self.watched and self.watched.report:
            return str(self.watched.report.get("request") or "")
        if request is not None:
            return request.words
        return str(self.job.asked.get("words", "")) if self.job else ""


class Runs:
    """The runs directly below `root`."""

    def __init__(self, root: Path, jobs: Jobs) -> None:
        self.root, self.jobs = root.resolve(), jobs
        self._known: dict[str, tuple[Any, dict[str, Any]]] = {}

    # ------------------------------------------------------------------ looking
    def folder(self, name: str) -> Path:
        """The folder of a run, there or not. Raises Missing for a name that leads anywhere else."""
        path = self.root / name
        if name in ("", ".", "..", OWN, UPLOADS) or "/" in name or "\0" in name or path.resolve() != path:
            raise Missing(name)
        return path

    def listed(self) -> list[dict[str, Any]]:
        """All of them, newest first, each as `traineragent runs` tells it, with its name."""
        found = [self._described(p) for p in sorted(self.root.iterdir()) if begun(p)]
        return sorted((r for r in found if r), key=lambda r: r["created"] or "", reverse=True)

    def _described(self, path: Path) -> dict[str, Any]:
        """From memory where nothing can have changed since."""
        try:
            self.folder(path.name)
        except Missing:
            return {}
        now = traces(path)
        before, known = self._known.get(path.name, (None, {}))
        if before != now:
            known = {**described(path), "name": path.name}
            settled = known["worker"] is None and known["status"] != "unfinished" and not known["unfinished"]
            self._known[path.name] = (now if settled else None, known)
        return known

    def look(self, name: str) -> Look:
        """Raises Missing where there is no such run."""
        folder, job = self.folder(name), self.jobs.find(_key(name))
        if not begun(folder):
            if job is None:
                raise Missing(name)
            return Look(name, folder, None, job)
        try:
            return Look(name, folder, watch(folder), job)
        except InputError as e:
            return Look(name, folder, None, job, str(e))

    def version(self, name: str) -> tuple[Any, ...]:
        """Changes whenever `look` may: cheap enough to be asked every second."""
        folder, job = self.folder(name), self.jobs.find(_key(name))
        worker = worker_of(folder) if begun(folder) and self._is_sound(folder) else None
        return worker, job and (job.at_work, job.ended is None), traces(folder) if folder.is_dir() else ()

    def _is_sound(self, folder: Path) -> bool:
        try:
            worker_of(folder)
        except InputError:
            return False
        return True

    def starting(self, known: set[str]) -> list[str]:
        """Names of runs that are being started and have no journal yet."""
        return [n for key in self.jobs.mine_at_work() if (n := name_of(key)) and n not in known]

    def request_of(self, name: str) -> dict[str, Any]:
        """What was asked for, as the fields of a draft. Raises Missing where that is not known any more."""
        look = self.look(name)
        request = look.watched.work.request if look.watched else None
        if request is None:
            if look.job is None:
                raise Missing(name)
            told = dict(look.job.asked)
            return {**{k: told.get(k) or "" for k in ("words", "target", "brain")}, **_several(told)}
        return {
            "words": request.words,
            "paths": request.data,
            "target": request.target or "",
            "minutes": request.minutes,
            "models": request.models,
            "brain": "" if request.brain == "planner" else request.brain,
        }

    # ------------------------------------------------------------------ acting
    def begin(self, asked: Mapping[str, Any], draft: str) -> str:
        """Starts a run; returns its name. Raises InputError where the words or the data are missing."""
        if not str(asked["words"]).strip():
            raise InputError("the request is empty; say in a sentence what is needed")
        name = self._free(name_for(str(asked["words"])))
        self.jobs.start(_key(name), {**asked, "do": "train", "run": str(self.root / name), "draft": draft})
        return name

    def _free(self, name: str) -> str:
        taken = (f"{name}-{k}" if k else name for k in range(1000))
        return next(n for n in taken if not (self.root / n).exists() and self.jobs.find(_key(n)) is None)

    def resume(self, name: str) -> None:
        self._act(name, {"do": "resume"})

    def refine(self, name: str, words: str, minutes: float | None) -> None:
        if not words.strip():
            raise InputError("the follow-up is empty; say what should be different")
        self._act(name, {"do": "refine", "words": words, "minutes": minutes})

    def _act(self, name: str, asked: Mapping[str, Any]) -> None:
        if self.look(name).busy:
            raise InputError("this run is being worked on; wait for it or stop it first")
        self.jobs.start(_key(name), {**asked, "run": str(self.folder(name))})

    def stop(self, name: str) -> None:
        """Interrupts politely, as Ctrl-C does, whoever started the work; it can be gone on with."""
        self.jobs.stop(_key(name))
        folder = self.folder(name)
        pid = worker_of(folder) if begun(folder) else None
        if pid is not None:
            interrupt(pid)

    def answer(self, name: str, number: int, answer: str | None) -> None:
        """Answers the run's open question; None leaves it open."""
        look = self.look(name)
        if look.watched is None:
            raise InputError("this question is no longer open; look again at what the run is doing")
        journal = Journal(look.watched.work.folder / JOURNAL)
        try:
            give_answer(journal, number, answer)
        finally:
            journal.close()


def _key(name: str) -> str:
    return f"run-{name}"


def _several(told: Mapping[str, Any]) -> dict[str, Any]:
    return {"paths": told.get("data") or [], "minutes": told.get("minutes"), "models": told.get("models") or []}


def name_of(key: str) -> str:
    """The run that a job's key stands for; "" for other work."""
    return key.removeprefix("run-") if key.startswith("run-") else ""
