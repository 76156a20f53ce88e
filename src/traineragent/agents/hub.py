"""The hub: takes the oldest message, hands it to the agent it is meant for, queues the replies, and stops at the end.

A message is marked handled in the transaction that queues its replies, so a killed run goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..domain.messages import Body, Message, RunFinished, WorkFailed
from ..domain.run import AgentName
from ..errors import Paused, TrainerError
from ..ports import Agent
from ..store.journal import Journal

MOST_MESSAGES = 200
"""More than any sound run needs; a loop between agents ends here instead of never."""

Outgoing = Sequence[tuple[str, Body]]


class Hub:
    def __init__(self, journal: Journal, agents: Mapping[AgentName, Agent]) -> None:
        self._journal, self._agents = journal, agents

    def run(self, until: type[Body] | None = None) -> RunFinished | None:
        """Delivers until the run is finished, or a message of type `until` is queued (None then).

        Raises what an agent raises; the message stays queued and is delivered again by the next run."""
        for _ in range(MOST_MESSAGES):
            finished: RunFinished | None = self._journal.last(RunFinished)
            if finished is not None:
                return finished
            if until is not None and self._journal.last(until) is not None:
                return None
            message = self._journal.next_message()
            if message is None:
                raise AssertionError("no message is waiting and the run is not finished")
            self._deliver(message)
        raise AssertionError(f"the agents exchanged {MOST_MESSAGES} messages without an end")

    def _deliver(self, message: Message) -> None:
        agent = self._agents[message.to]  # type: ignore[index]
        try:
            replies = agent.handle(message)
        except TrainerError as e:
            if e.exit_code != TrainerError.exit_code or isinstance(e, Paused) or agent.name == "task":
                raise
            replies = [("task", WorkFailed(agent.name, str(e), e.kind))]
        self._journal.post([(agent.name, to, body) for to, body in replies], handled=message.id)
