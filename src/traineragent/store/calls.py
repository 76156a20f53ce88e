"""Calls to a language model, kept in the run's journal: what was reserved before each, what came back, what it cost.

A reply that is here is never paid for again. A call is reserved in the transaction that finds room for it under the
limits, so that no budget can be overrun by more than the call at work. Knows nothing of providers or prompts.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .journal import connected, now


@dataclass(frozen=True)
class Limits:
    """Most calls, tokens (in and out) and US dollars of a run; None: no limit."""

    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True)
class Spent:
    """Totals of a run. `tokens` and `usd` of a call at work, or whose end nobody knows, are those reserved."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0
    waited_s: float = 0.0


@dataclass(frozen=True)
class Call:
    """How a call ended: with a `reply`, or without one and a `note` that says why."""

    state: str  # "done" or "failed"
    reply: str = ""
    note: str = ""


class BudgetSpent(Exception):
    """The next call might cost more than is left; says of what."""


class CallLog:
    """Its own connection and a lock: a question asked ahead is answered in another thread than the run's."""

    def __init__(self, run_sqlite: Path) -> None:
        self._db, self._lock = connected(run_sqlite), threading.Lock()

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def found(self, question: str, attempt: int) -> Call | None:
        """The call that was made for this attempt at a question and ended, whatever it gave."""
        with self._lock:
            row = self._db.execute(
                "SELECT state, reply, note FROM calls WHERE question=? AND attempt=? AND state != 'reserved' "
                "ORDER BY id LIMIT 1",
                (question, attempt),
            ).fetchone()
        return None if row is None else Call(*row)

    def reserve(
        self, question: str, attempt: int, limits: Limits, *, tokens: int, usd: float | None, foreground: bool
    ) -> int:
        """The number of the call that may now be made. `tokens` and `usd` are the most it may cost; usd is None where
        the price is unknown. Raises BudgetSpent. `foreground`: the run waits for it."""
        with self._transaction():
            spent = self._spent()
            for what, used, more, most in (
                ("calls", spent.calls, 1, limits.calls),
                ("tokens", spent.tokens, tokens, limits.tokens),
                ("dollars", spent.usd, usd or 0.0, limits.usd),
            ):
                if most is not None and used + more > most:
                    raise BudgetSpent(f"the budget of {most:,} {what} is spent ({_plain(used)} used)")
            cursor = self._db.execute(
                "INSERT INTO calls (at, question, attempt, state, reply, note, tokens, usd, seconds, foreground) "
                "VALUES (?,?,?,'reserved','','',?,?,0,?)",
                (now(), question, attempt, tokens, usd or 0.0, int(foreground)),
            )
            return int(cursor.lastrowid or 0)

    def finish(self, number: int, reply: str, *, tokens: int, usd: float | None, seconds: float) -> None:
        """The call gave `reply` and cost this."""
        with self._transaction():
            self._db.execute(
                "UPDATE calls SET state='done', reply=?, tokens=?, usd=?, seconds=? WHERE id=?",
                (reply, tokens, usd or 0.0, seconds, number),
            )

    def fail(self, number: int, note: str, *, charged: bool, seconds: float) -> None:
        """The call gave nothing. `charged`: it may have been worked on, so what was reserved counts as spent."""
        with self._transaction():
            self._db.execute(
                "UPDATE calls SET state='failed', note=?1, seconds=?2, tokens=CASE WHEN ?3 THEN tokens ELSE 0 END, "
                "usd=CASE WHEN ?3 THEN usd ELSE 0 END WHERE id=?4",
                (note, seconds, int(charged), number),
            )

    def replies(self, kind: str, but: str, most: int) -> list[str]:
        """The newest replies to questions of a kind (what their keys end with) other than `but`, newest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT reply FROM calls WHERE id IN (SELECT max(id) FROM calls WHERE state='done' GROUP BY question) "
                "AND question != ?1 AND substr(question, -length(?2)) = ?2 ORDER BY id DESC LIMIT ?3",
                (but, kind, most),
            ).fetchall()
        return [reply for (reply,) in rows]

    def spent(self) -> Spent:
        with self._lock:
            return self._spent()

    def last_failures(self, most: int) -> list[str]:
        """Notes of the newest calls that ended, newest first, up to the first one that gave a reply."""
        with self._lock:
            rows = self._db.execute(
                "SELECT state, note FROM calls WHERE state != 'reserved' ORDER BY id DESC LIMIT ?", (most,)
            ).fetchall()
        notes: list[str] = []
        for state, note in rows:
            if state == "done":
                break
            notes.append(note)
        return notes

    def _spent(self) -> Spent:
        row = self._db.execute(
            "SELECT count(*), coalesce(sum(tokens), 0), coalesce(sum(usd), 0), "
            "coalesce(sum(CASE WHEN foreground THEN seconds ELSE 0 END), 0) FROM calls"
        ).fetchone()
        return Spent(int(row[0]), int(row[1]), float(row[2]), float(row[3]))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _plain(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
