"""A follow-up after a delivery: what it changes in the agreed task, and what of the earlier work still holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .task import TaskSpec

ChangeKind = Literal[
    "requirement", "metric", "inputs", "target", "wish", "deployment", "time", "return", "not understood"
]


@dataclass(frozen=True)
class Change:
    """One thing that is different from now on, in a sentence. `stated_as`: the person's own words."""

    kind: ChangeKind
    text: str
    stated_as: str = ""


@dataclass(frozen=True)
class Revision:
    """The task after a follow-up, with its verdict. `minutes`: time that was asked for; None where none was.
    `longer`: more searching is wanted, for a time not said. `back`: the number of the earlier delivery that is taken
    again, before anything else is changed."""

    task: TaskSpec
    changes: tuple[Change, ...]
    minutes: float | None = None
    longer: bool = False
    back: int | None = None

    @property
    def only_back(self) -> bool:
        """Whether an earlier delivery is wanted as it was, with nothing changed in it."""
        kinds = {c.kind for c in self.changes}
        return self.back is not None and kinds <= {"return", "not understood"} and not (self.minutes or self.longer)


@dataclass(frozen=True)
class Reuse:
    """What of the earlier work still holds, with the reason for what does not. Each includes the ones before."""

    data: bool
    split: bool
    prepared: bool
    trials: bool
    why: str = ""
