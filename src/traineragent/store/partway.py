"""How far the trial at work has come, in the run's journal for who watches from outside. Knows nothing of trials."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .journal import Journal
from .revisions import unfinished
from .runfolder import JOURNAL

PARTWAY = "partway"
EVERY_S = 1.0


class Partway:
    """Takes events of progress and keeps the last word on a part of a trial, at most once in a while."""

    def __init__(self, run: Path) -> None:
        self._run, self._kept_at = run, 0.0

    def __call__(self, event: Mapping[str, Any]) -> None:
        if event.get("kind") != "fold" or time.monotonic() - self._kept_at < EVERY_S:
            return
        self._kept_at = time.monotonic()
        revision = unfinished(self._run)
        journal = Journal((self._run if revision is None else revision.folder) / JOURNAL)
        try:
            journal.set_meta(PARTWAY, json.dumps({k: event.get(k) for k in ("trial", "fold", "folds")}))
        finally:
            journal.close()


def partway(journal: Journal) -> dict[str, Any]:
    """{"trial", "fold", "folds"} as it was kept last; empty before that."""
    said = journal.meta(PARTWAY)
    found: dict[str, Any] = json.loads(said) if said else {}
    return found
