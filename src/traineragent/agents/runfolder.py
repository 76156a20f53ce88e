"""A run's folder as work in the child sees it: what the earlier pieces wrote there. Plans nothing, keeps no journal."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from ..domain.data import Target
from ..store.typed import read_value


class RunFolder:
    """`folder` of a run, with `data` and `prepared` below it."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.prepared = self.data / "prepared"

    @cached_property
    def target(self) -> Target:
        return read_value(self.data / "target.json", Target)
