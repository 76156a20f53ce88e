"""What an agent tells a brain that reads: this run so far in a few sentences; and an answer that is being thought of.

Names operations and columns, never values from the data.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from ..ports import Answer
from ..store.journal import Decision

MOST_SENTENCES = 15
MOST_NAMES, LONGEST_NAME = 5, 60
ROUTINE = ("begin", "collect", "next", "deploy", "document", "check")  # they tell nothing that bears on a choice


class Thought:
    """An answer that another thread waits for. Ends with the process, so nothing needs to be stopped."""

    def __init__(self, ask: Callable[[], Answer]) -> None:
        self._found: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._work, args=(ask,), daemon=True, name="thinking-ahead")
        self._thread.start()

    def _work(self, ask: Callable[[], Answer]) -> None:
        try:
            self._found["answer"] = ask()
        except BaseException as e:  # noqa: BLE001 - raised where the answer is taken
            self._found["error"] = e

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def wait(self, seconds: float) -> bool:
        """Whether it is done, at the latest after so many seconds."""
        self._thread.join(max(seconds, 0.0))
        return self.done

    def result(self) -> Answer:
        """Waits for it. Raises what asking raised."""
        self._thread.join()
        if "error" in self._found:
            raise self._found["error"]
        answer: Answer = self._found["answer"]
        return answer


def recollect(decisions: Sequence[Decision]) -> tuple[str, ...]:
    """The newest decisions of a run in sentences, oldest first; many alike are one."""
    sentences = list(_sentences(decisions))
    return tuple(sentences[-MOST_SENTENCES:])


def _sentences(decisions: Sequence[Decision]) -> Iterator[str]:
    for (agent, kind, by), group in groupby(decisions, key=lambda d: (d.agent, d.what.partition(":")[0], d.brain)):
        if kind in ROUTINE:
            continue
        acts = [d.what.partition(": ")[2] for d in group]
        yield f"{agent} agent, {kind} (by {by}): {_together(acts)}"


def _together(acts: Sequence[str]) -> str:
    """ "drop_column column=a" and "drop_column column=b" are "drop_column 2 times (column=a, column=b)"."""
    counts = Counter(act.split(" ", 1)[0] for act in acts)
    parts = []
    for name, count in counts.items():
        rest = [act.split(" ", 1)[1] for act in acts if act.startswith(f"{name} ")]
        shown = ", ".join(r[:LONGEST_NAME] for r in rest[:MOST_NAMES]) + (" …" if len(rest) > MOST_NAMES else "")
        parts.append(f"{name}{f' {count} times' if count > 1 else ''}{f' ({shown})' if shown else ''}")
    return "; ".join(parts)
