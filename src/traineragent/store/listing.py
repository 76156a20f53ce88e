"""Finds runs in a folder and says in a line what became of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..domain.messages import RunRequested
from ..errors import InputError
from .files import read_json
from .journal import Journal
from .revisions import unfinished, words_of
from .runfolder import JOURNAL


def list_runs(root: Path) -> list[dict[str, Any]]:
    """Runs directly below `root` (or `root` itself), newest first."""
    if not root.is_dir():
        raise InputError(f"there is no folder {root}; runs are kept where train --out puts them, by default in ./runs")
    folders = [root, *sorted(p for p in root.iterdir() if p.is_dir())]
    found = [described(f) for f in folders if (f / JOURNAL).is_file()]
    return sorted(found, key=lambda r: r["created"] or "", reverse=True)


def described(folder: Path) -> dict[str, Any]:
    """What became of one run. A damaged one is told as such: it must not hide the others."""
    try:
        return _describe(folder)
    except InputError as e:
        nothing = dict.fromkeys(("created", "metric", "value", "follow_up", "unfinished", "worker"))
        return {**nothing, "folder": str(folder), "status": "damaged", "request": str(e), "revision": 1}


def _describe(folder: Path) -> dict[str, Any]:
    journal = Journal(folder / JOURNAL)
    try:
        created, worker = journal.meta("created"), journal.worker
        asked: RunRequested | None = journal.last(RunRequested)
    finally:
        journal.close()
    report = read_json(folder / "report.json") if (folder / "report.json").is_file() else {}
    metric = report.get("metric") or {}
    return {
        "folder": str(folder),
        "created": created,
        "status": report.get("status", "unfinished"),
        "request": report.get("request") or (asked.request.words if asked else None),
        "metric": metric.get("name"),
        "value": metric.get("value"),
        "revision": report.get("revision", 1),
        "follow_up": report.get("follow_up"),
        "unfinished": words_of(waiting) if (waiting := unfinished(folder)) else None,
        "worker": worker,
    }
