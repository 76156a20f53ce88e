"""What of a run's folder may be read on the page: report, task, card, decisions, and the bundle as one zip.

Names are taken from a list, never from a request. Knows nothing of layout.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from ..errors import InputError
from ..report.story import decided
from ..serve.markdown import to_html
from ..store.files import read_json
from ..store.journal import Journal
from ..store.revisions import revisions_of
from ..store.runfolder import JOURNAL
from . import render
from .missing import Missing
from .runs import Look
from .understood import understood

DOWNLOADS = {
    "task.json": "task.json",
    "report.json": "report.json",
    "report.html": "report.html",
    "MODEL_CARD.md": "bundle/MODEL_CARD.md",
    "openapi.json": "bundle/openapi.json",
}


def read(folder: Path, name: str) -> bytes:
    """A file of the run. Raises Missing where there is none, also where a link leads out of the run."""
    path = folder / DOWNLOADS.get(name, "")
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise Missing(name)
    return path.read_bytes()


def zipped(folder: Path, name: str) -> Response:
    """The bundle as one file. Raises InputError where nothing was delivered."""
    bundle = folder / "bundle"
    if not (bundle / "bundle.json").is_file():
        raise InputError("nothing was delivered by this run, so there is no bundle")
    handle, temporary = tempfile.mkstemp(suffix=".zip", prefix="traineragent-")
    try:
        with os.fdopen(handle, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            for path in sorted(bundle.rglob("*")):
                if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                    packed.write(path, Path(folder.name) / path.relative_to(bundle))
    except BaseException:
        os.unlink(temporary)
        raise
    return FileResponse(
        temporary,
        filename=name,
        media_type="application/zip",
        headers=render.HEADERS,
        background=BackgroundTask(os.unlink, temporary),
    )


# ------------------------------------------------------------------------------------------------- pages about a run
def _report(look: Look) -> Mapping[str, Any]:
    return {"there": (look.folder / "report.html").is_file()}


def _card(look: Look) -> Mapping[str, Any]:
    try:
        text = read(look.folder, "MODEL_CARD.md").decode("utf-8", "replace")
    except Missing:
        return {"card": ""}
    return {"card": Markup(to_html(text))}  # escapes all that it did not write


def _task(look: Look) -> Mapping[str, Any]:
    path = look.folder / "task.json"
    return {"task": understood(read_json(path)) if path.is_file() else None}


def _decisions(look: Look) -> Mapping[str, Any]:
    """Those of all revisions, each told as the report tells them."""
    if look.watched is None:
        return {"revisions": []}
    found = []
    for revision in revisions_of(look.folder):
        journal = Journal(revision.folder / JOURNAL)
        try:
            decisions = [
                {"at": d.at, "who": d.agent, "by": d.brain, "what": d.what, "why": d.why, "evidence": dict(d.evidence)}
                for d in journal.decisions()
            ]
        finally:
            journal.close()
        if story := decided({"decisions": decisions}):
            found.append({"number": revision.number, "view": {"decided": story, "model": None}})
    return {"revisions": found}


ABOUT: dict[str, Callable[[Look], Mapping[str, Any]]] = {
    "report": _report,
    "card": _card,
    "task": _task,
    "decisions": _decisions,
}
