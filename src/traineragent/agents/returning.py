"""An earlier delivery wanted again: which one is meant, and how it becomes the newest.

Its files are shared and its records copied, so the revision stands by itself: the next follow-up begins from it as from
any other, and nothing is trained, exported or scored anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..domain.messages import (
    Body,
    CandidatesRanked,
    DataCollected,
    DataPrepared,
    DeliveryAccepted,
    ModelSelected,
    RefinementRequested,
    RunRequested,
    ServiceDelivered,
    ServiceMeasured,
    TaskSpecified,
)
from ..language.followup import PREVIOUS, read_follow_up
from ..store.journal import Journal
from ..store.revisions import Revision, revisions_of, share_files
from ..store.runfolder import JOURNAL, REVISIONS
from .memory import Memory
from .refining import TAKEN_OVER, measured_on

RECORDS = (TaskSpecified, DataPrepared, CandidatesRanked, ModelSelected, ServiceMeasured, DeliveryAccepted)
SHARED = ("data", "trials")
FACTS = ("metric", "direction")
TAKEN_AGAIN, BASED_ON = "taken_again", "based_on"
"""Names in the journal of a revision: the delivery that it is, and the one that its changes were made to."""


def returned(memory: Memory, asked: RefinementRequested) -> tuple[RefinementRequested, int | None]:
    """The follow-up as one to the delivery that it wants again, with that delivery's number; as it is, and None, where
    it wants none or there is none such."""
    collected: DataCollected = memory.journal.last(DataCollected)
    back = read_follow_up(asked.words, asked.before, collected.columns).back
    known = {r.number: r for r in revisions_of(memory.home) if r.delivered and r.number < asked.number}
    number = None if back is None else _meant(known, asked.after, back)
    if number is None:
        return asked, None
    old = Journal(known[number].folder / JOURNAL)
    try:
        task, words = old.last(TaskSpecified).task, old.last(RunRequested).request.words
    finally:
        old.close()
    measured = measured_on(known[number])
    return replace(asked, after=number, before=task, measured=measured, earlier_words=words), number


def _meant(known: dict[int, Revision], latest: int, back: int) -> int | None:
    """The number of the delivery that `back` names; None where there is none but the one that stands."""
    standing = _content(known, latest)
    if back == PREVIOUS:
        return _told(known[standing], BASED_ON) or _after(known[standing])
    return back if back in known and _content(known, back) != standing else None


def _content(known: dict[int, Revision], number: int) -> int:
    """The delivery that was made, where `number` only took it again."""
    while (same := _told(known[number], TAKEN_AGAIN)) is not None:
        number = same
    return number


def _told(revision: Revision, name: str) -> int | None:
    journal = Journal(revision.folder / JOURNAL)
    try:
        found = journal.meta(name)
        return None if found is None else int(found)
    finally:
        journal.close()


def _after(revision: Revision) -> int | None:
    """The delivery that a revision changed; None for the first."""
    journal = Journal(revision.folder / JOURNAL)
    try:
        asked: RefinementRequested | None = journal.last(RefinementRequested)
        return asked.after if asked else None
    finally:
        journal.close()


def take_again(memory: Memory, asked: RefinementRequested) -> list[tuple[str, Body]]:
    """Makes delivery `asked.after` this revision's own, and returns the records that are still to be posted, the
    delivery itself last. Done again after a kill, it comes to the same."""
    source = next(r.folder for r in revisions_of(memory.home) if r.number == asked.after)
    share_files(source, memory.folder, _below(source, SHARED))
    kept = memory.home / REVISIONS / str(asked.after)  # the top of the run holds the bundle of the last delivery
    share_files(kept, memory.folder, _below(kept, ("bundle",)))
    old, journal = Journal(source / JOURNAL), memory.journal
    try:
        for key, agent, seconds in old.steps():
            step = old.step(key)
            assert step is not None
            journal.finish_step(key, agent, seconds, step["result"], step["files"])
        for trial in old.trials():
            journal.add_trial(trial)
        journal.set_meta(TAKEN_OVER, json.dumps([t.index for t in old.trials()]))
        for name in FACTS:
            journal.set_meta(name, old.meta(name) or "")
        journal.set_meta(TAKEN_AGAIN, str(asked.after))
        journal.set_meta("lesson", "taken again")  # it taught its lesson when it was made
        request: RunRequested = old.last(RunRequested)
        records = [found for kind in RECORDS if (found := old.last(kind)) is not None]
        delivered: ServiceDelivered = old.last(ServiceDelivered)
    finally:
        old.close()
    return [("person", request), *(("person", r) for r in records), ("task", delivered)]


def _below(folder: Path, names: Iterable[str]) -> list[str]:
    """Every file below these folders, relative to `folder`."""
    return [str(p.relative_to(folder)) for n in names for p in sorted((folder / n).rglob("*")) if p.is_file()]
