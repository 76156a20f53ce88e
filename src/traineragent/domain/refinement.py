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
    `longer`: more searching is wanted, for a time not said. `back`: the delivery before this one is wanted again."""

    task: TaskSpec
    changes: tuple[Change, ...]
    minutes: float | None = None
    longer: bool = False
    back: bool = False


@dataclass(frozen=True)
class Reuse:
    """What of the earlier work still holds, with the reason for what does not. Each includes the ones before."""

    data: bool
    split: bool
    prepared: bool
    trials: bool
    why: str = ""
