"""The deliveries of a run: the first is made in its folder, each follow-up is worked on in `revisions/N` below it.

What was delivered last lies at the top (`bundle/`, `report.*`, `task.json`) and stays untouched until the next delivery
is whole; the one before it is kept under its number. Knows nothing of what a follow-up changes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..domain.messages import RefinementRequested, RunFinished
from ..errors import InputError
from .files import read_json, room_checked, write_json
from .journal import Journal
from .runfolder import CONFIG, JOURNAL, REVISIONS

DELIVERED_FILES = ("task.json", "report.html", "report.json")  # the last one says which delivery lies at the top
DELIVERED = ("delivered", "delivered_unmet")


@dataclass(frozen=True)
class Revision:
    """A delivery, or an attempt at one: its number from 1, where it was worked on, and what became of it ("" while it
    is unfinished)."""

    number: int
    folder: Path
    status: str

    @property
    def delivered(self) -> bool:
        return self.status in DELIVERED


def revisions_of(run: Path) -> list[Revision]:
    """All of them in order. Raises InputError when `run` is no run folder."""
    out = [Revision(1, run, _status(run))]
    below = run / REVISIONS
    numbers = sorted(int(p.name) for p in below.iterdir() if p.name.isdigit()) if below.is_dir() else []
    for number in numbers:
        folder = below / str(number)
        if number > 1 and (folder / JOURNAL).is_file():
            out.append(Revision(number, folder, _status(folder)))
    return out


def _status(folder: Path) -> str:
    journal = Journal(folder / JOURNAL)
    try:
        if folder.parent.name == REVISIONS and journal.last(RefinementRequested) is None:
            return "abandoned"  # killed before it was asked for
        finished: RunFinished | None = journal.last(RunFinished)
        return "abandoned" if journal.meta("abandoned") else finished.status if finished else ""
    finally:
        journal.close()


def latest_delivered(run: Path) -> Revision:
    """The delivery that a follow-up speaks of. Raises InputError, saying what to do, where there is none."""
    found = revisions_of(run)
    if not found[0].status:
        raise InputError(f"the run {run} is not finished; go on with it first: traineragent resume {run}")
    delivered = [r for r in found if r.delivered]
    if not delivered:
        what = found[0].status.replace("_", " ")
        raise InputError(
            f"the run {run} ended with “{what}”, so there is nothing to refine; start a new run with train"
        )
    return delivered[-1]


def unfinished(run: Path) -> Revision | None:
    """The follow-up that was interrupted, if there is one."""
    last = revisions_of(run)[-1]
    return last if last.number > 1 and not last.status else None


def new_revision(run: Path) -> tuple[int, Path]:
    """(number, folder) for the next one; the folder is made, with the procedures that the run began with."""
    below = run / REVISIONS
    taken = [int(p.name) for p in below.iterdir() if p.name.isdigit()] if below.is_dir() else []
    number = max([1, *taken]) + 1
    folder = below / str(number)
    with room_checked(folder.name):
        folder.mkdir(parents=True, mode=0o700)
        if (run / CONFIG).is_dir():
            shutil.copytree(run / CONFIG, folder / CONFIG)
    return number, folder


def words_of(revision: Revision) -> str:
    """The follow-up that a revision is about; "" for the first delivery."""
    journal = Journal(revision.folder / JOURNAL)
    try:
        asked: RefinementRequested | None = journal.last(RefinementRequested)
        return asked.words if asked else ""
    finally:
        journal.close()


def abandon(revision: Revision, why: str) -> None:
    """Marks an unfinished one as given up; nothing goes on with it any more."""
    journal = Journal(revision.folder / JOURNAL)
    try:
        journal.set_meta("abandoned", why)
    finally:
        journal.close()


def share_files(source: Path, target: Path, names: Iterable[str]) -> None:
    """Has files of one folder in another under the same names, without a second copy where the disk can do that. What
    is shared must never be written in place."""
    for name in names:
        there, here = source / name, target / name
        here.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            here.unlink()
        try:
            os.link(there, here)
        except OSError:
            with room_checked(here.name):
                shutil.copy2(there, here)


def promote(run: Path, number: int) -> None:
    """Puts what revision `number` delivered at the top of the run; what lay there is kept under its own number.

    Killed at any moment and done again it comes to the same: the report, which names its revision, is moved last."""
    if number == 1 or delivery_at_top(run) == number:
        return
    source = run / REVISIONS / str(number)
    _keep_previous(run, number)
    with room_checked("bundle"):
        fresh, old = run / ".bundle.new", run / ".bundle.old"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(source / "bundle", fresh)
        shutil.rmtree(old, ignore_errors=True)
        if (run / "bundle").exists():
            (run / "bundle").rename(old)
        fresh.rename(run / "bundle")
        shutil.rmtree(old, ignore_errors=True)
        for name in DELIVERED_FILES:
            draft = run / f".{name}.new"
            shutil.copyfile(source / name, draft)
            draft.replace(run / name)


def _keep_previous(run: Path, number: int) -> None:
    """Files of the first delivery, which has no folder of its own, into revisions/1; later ones lie in theirs."""
    first = run / REVISIONS / "1"
    if (first / "report.json").exists() or delivery_at_top(run) != 1:
        return
    draft = first.with_name("1.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    with room_checked("the first delivery"):
        shutil.copytree(run / "bundle", draft / "bundle")
        for name in DELIVERED_FILES:
            shutil.copyfile(run / name, draft / name)
        report = read_json(draft / "report.json")
        write_json(
            draft / "report.json", {**report, "bundle": str(first / "bundle"), "report": str(first / "report.html")}
        )
    draft.rename(first)


def delivery_at_top(run: Path) -> int:
    """The number of the delivery whose report lies in the run's folder; 0 where there is none."""
    path = run / "report.json"
    return int(read_json(path).get("revision") or 1) if path.is_file() else 0


def deliveries(run: Path) -> list[dict[str, Any]]:
    """The reports of what was delivered, in order, the one at the top last."""
    out = []
    for revision in revisions_of(run):
        kept = run / REVISIONS / str(revision.number)
        path = (kept if (kept / "report.json").is_file() else revision.folder) / "report.json"
        if revision.delivered and path.is_file():
            out.append(read_json(path))
    return out
