"""The Data agent: reads, seals the hold-out, profiles what is left, finds leaks, cleans, and makes typed arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ..domain.messages import DataRequested, Message, TaskSpecified
from ..domain.run import AgentName
from ..ports import OperationSpec
from .hub import Outgoing
from .memory import Memory

COLLECT: Mapping[str, OperationSpec] = {
    "read": OperationSpec({"max_rows": "integer?"}, "reads the sources into one table of text cells"),
}
SPLIT: Mapping[str, OperationSpec] = {
    "seal": OperationSpec(
        {"group": "string?", "time": "string?"}, "splits off the hold-out and seals it; rows of a group stay together"
    ),
}


class DataAgent:
    name: ClassVar[AgentName] = "data"

    def __init__(self, memory: Memory, profile: str) -> None:
        self.memory, self.profile = memory, profile

    def handle(self, message: Message) -> Outgoing:
        match message.body:
            case DataRequested(sources=sources):
                return self._collect(message, sources)
            case TaskSpecified(task=task):
                return self._prepare(message, task)
            case other:
                raise AssertionError(f"the data agent is not meant to get {type(other).__name__}")
