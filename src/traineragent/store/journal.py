"""The run's journal: one SQLite file that holds every message, decision, step and trial, appended at once.

Messages form a persistent queue: a message is marked handled in the same transaction that adds its replies, so after a
kill the hub goes on with the first one unhandled. Steps and trials inside a handler are remembered by key and never
repeated. Every transaction is BEGIN IMMEDIATE on a WAL database with synchronous=FULL.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from pydantic import TypeAdapter, ValidationError

from ..domain import messages as bodies
from ..domain.messages import Body, Message
from ..domain.run import TrialResult
from ..errors import InputError
from .files import little_room, room_checked

MIGRATIONS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, sender TEXT NOT NULL, recipient TEXT NOT NULL, type TEXT NOT NULL,
        body TEXT NOT NULL, in_reply_to INTEGER, handled INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE decisions (
        key TEXT PRIMARY KEY, seq INTEGER NOT NULL, at TEXT NOT NULL, agent TEXT NOT NULL, brain TEXT NOT NULL,
        what TEXT NOT NULL, why TEXT NOT NULL, evidence TEXT NOT NULL);
    CREATE TABLE steps (
        key TEXT PRIMARY KEY, at TEXT NOT NULL, agent TEXT NOT NULL, seconds REAL NOT NULL, result TEXT NOT NULL,
        files TEXT NOT NULL);
    CREATE TABLE trials (
        idx INTEGER PRIMARY KEY, at TEXT NOT NULL, clock_s REAL NOT NULL, status TEXT NOT NULL, result TEXT NOT NULL);
    CREATE TABLE events (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, clock_s REAL NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
    """,
    """
    CREATE TABLE calls (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, question TEXT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL,
        reply TEXT NOT NULL, note TEXT NOT NULL, tokens INTEGER NOT NULL, usd REAL NOT NULL, seconds REAL NOT NULL,
        foreground INTEGER NOT NULL);
    """,
)


@dataclass(frozen=True)
class Decision:
    """Who decided what, why, and on which measured facts."""

    agent: str
    brain: str
    what: str
    why: str
    evidence: Mapping[str, Any]
    at: str = ""


def now() -> str:
    """The moment as the journal writes it: UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else str(int(psutil.boot_time()))


def at_work(pid: int, started: float) -> bool:
    """Whether this very process still runs: not another with its number, nor one that is dead and not yet buried."""
    try:
        process = psutil.Process(pid)
        return bool(abs(process.create_time() - started) < 1 and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _alive(owner: Mapping[str, Any]) -> bool:
    return owner["boot"] == _boot_id() and at_work(owner["pid"], owner["started"])


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(getattr(bodies, name))


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str, allow_nan=True)


def connected(path: Path) -> sqlite3.Connection:
    """A connection that writes; where nothing may be written, one that reads what was there when it was opened."""
    db = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
    except sqlite3.OperationalError as e:
        if not path.exists() or not any(sign in str(e) for sign in ("readonly", "unable to open")):
            raise
        db.close()
        address = f"{path.absolute().as_uri()}?immutable=1"
        db = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
    return db


def _in_words(error: sqlite3.DatabaseError, path: Path) -> Exception:
    """What SQLite says, as an error that a person can act on; the error itself where it is a defect of ours."""
    said = str(error)
    if "disk is full" in said or ("disk I/O" in said and little_room(path.parent)):
        return OSError(errno.ENOSPC, "disk full")
    if "readonly" in said or "unable to open" in said:
        return OSError(errno.EACCES, "permission denied")
    if "not a database" in said or "malformed" in said:
        return _damaged(path)
    return error


def _damaged(path: Path) -> InputError:
    return InputError(
        f"{path.parent.name}/{path.name} is damaged and cannot be read; start the run again", file=path.name
    )


class Journal:
    """One run's journal. The process that writes holds the run by (pid, start time, boot id)."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        if not create and not path.exists():
            raise InputError(f"{path.parent.name!r} is no run folder: it holds no run.sqlite", file=path.parent.name)
        self.path = path
        with room_checked("the run's journal"):
            try:
                self._db = connected(path)
                self._migrate()
            except sqlite3.DatabaseError as e:
                raise _in_words(e, path) from e
        self._used_before = float(self.meta("active_s") or 0.0)
        self._started = time.monotonic()
        self._owned = False

    def _migrate(self) -> None:
        version = self._version()
        if version > len(MIGRATIONS):
            raise InputError("this run was written by a newer version of traineragent; update to open it")
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            with self._transaction():
                if self._version() >= number:
                    continue  # another process opened it at the same moment
                for statement in filter(str.strip, script.split(";")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={number}")

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with room_checked("the run's journal"):
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException as e:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(e, sqlite3.DatabaseError):
                    raise _in_words(e, self.path) from e
                raise

    # ------------------------------------------------------------------ clock and ownership
    @property
    def clock_s(self) -> float:
        """Seconds of work this run has used, over all its processes."""
        return self._used_before + time.monotonic() - self._started

    def _tick(self) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES ('active_s', ?)", (str(self.clock_s),))

    def take_ownership(self) -> None:
        """Raises InputError when another living process works on this run."""
        me = psutil.Process()
        with self._transaction():
            row = self._db.execute("SELECT value FROM meta WHERE key='owner'").fetchone()
            if row:
                owner = json.loads(row[0])
                if owner["pid"] != me.pid and _alive(owner):
                    raise InputError(f"this run is being worked on by process {owner['pid']}; wait for it or end it")
            mine = {"pid": os.getpid(), "started": me.create_time(), "boot": _boot_id()}
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('owner', ?)", (_dump(mine),))
        self._owned = True

    def release(self) -> None:
        """Gives the run back. Who was refused it has nothing to give back, and leaves its owner alone."""
        if not self._owned:
            return
        with self._transaction():
            self._tick()
            self._db.execute("DELETE FROM meta WHERE key='owner'")
        self._owned = False

    def close(self) -> None:
        self._db.close()

    @property
    def worker(self) -> int | None:
        """The number of the living process that works on this run; None where nobody does."""
        said = self.meta("owner")
        owner = json.loads(said) if said else None
        return int(owner["pid"]) if owner and _alive(owner) else None

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The time inside is no work of this run: it waits for a person."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._started += time.monotonic() - began

    # ------------------------------------------------------------------ small facts
    def meta(self, key: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # ------------------------------------------------------------------ messages
    def post(
        self,
        sent: Sequence[tuple[str, str, Body]],
        *,
        handled: int | None = None,
    ) -> None:
        """Queues (sender, recipient, body) and, in the same transaction, marks message `handled` as done."""
        with self._transaction():
            if handled is not None:
                self._db.execute("UPDATE messages SET handled=1 WHERE id=?", (handled,))
            for sender, to, body in sent:
                self._db.execute(
                    "INSERT INTO messages (at, sender, recipient, type, body, in_reply_to) VALUES (?,?,?,?,?,?)",
                    (now(), sender, to, type(body).__name__, _dump(asdict(body)), handled),
                )
            self._tick()

    def next_message(self) -> Message | None:
        """The oldest message not yet handled that is meant for an agent."""
        row = self._db.execute(
            "SELECT id, at, sender, recipient, type, body, in_reply_to FROM messages "
            "WHERE handled=0 AND recipient != 'person' ORDER BY id LIMIT 1"
        ).fetchone()
        return None if row is None else self._message(row)

    def messages(self, type_name: str | None = None) -> list[Message]:
        rows = self._db.execute(
            "SELECT id, at, sender, recipient, type, body, in_reply_to FROM messages "
            "WHERE ?1 IS NULL OR type=?1 ORDER BY id",
            (type_name,),
        ).fetchall()
        return [self._message(r) for r in rows]

    def last(self, body_type: type[Any]) -> Any:
        """The newest body of this type, or None."""
        found = self.messages(body_type.__name__)
        return found[-1].body if found else None

    def _message(self, row: Sequence[Any]) -> Message:
        number, at, sender, to, kind, body, reply = row
        return Message(number, self.path.parent.name, at, sender, to, self._read(_adapter(kind), body), reply)

    def _read(self, adapter: TypeAdapter[Any], text: str) -> Any:
        """A record as it was written. Raises InputError for one that is none."""
        try:
            return adapter.validate_json(text)
        except ValidationError as e:
            raise _damaged(self.path) from e

    # ------------------------------------------------------------------ decisions, steps, trials, events
    def decide(self, key: str, decision: Decision) -> None:
        self.decide_all({key: decision})

    def decide_all(self, decisions: Mapping[str, Decision]) -> None:
        """Keeps decisions by key, in one transaction: a wide table brings thousands, and each flush takes its time."""
        with self._transaction():
            for key, d in decisions.items():
                self._db.execute(
                    "INSERT OR REPLACE INTO decisions VALUES (?, "
                    "coalesce((SELECT seq FROM decisions WHERE key=?1), (SELECT count(*) FROM decisions)), "
                    "?,?,?,?,?,?)",
                    (key, now(), d.agent, d.brain, d.what, d.why, _dump(d.evidence)),
                )

    def decisions(self) -> list[Decision]:
        rows = self._db.execute("SELECT agent, brain, what, why, evidence, at FROM decisions ORDER BY seq, rowid")
        return [Decision(a, b, w, y, json.loads(e), at) for a, b, w, y, e, at in rows]

    def step(self, key: str) -> dict[str, Any] | None:
        """What the finished step `key` gave: {"result", "files", "seconds"}; None if it is not done."""
        row = self._db.execute("SELECT result, files, seconds FROM steps WHERE key=?", (key,)).fetchone()
        return None if row is None else {"result": json.loads(row[0]), "files": json.loads(row[1]), "seconds": row[2]}

    def finish_step(self, key: str, agent: str, seconds: float, result: Any, files: Mapping[str, str]) -> None:
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO steps VALUES (?,?,?,?,?,?)",
                (key, now(), agent, seconds, _dump(result), _dump(files)),
            )
            self._tick()

    def steps(self) -> list[tuple[str, str, float]]:
        """(key, agent, seconds) in the order they finished."""
        return list(self._db.execute("SELECT key, agent, seconds FROM steps ORDER BY at, rowid"))

    def add_trial(self, result: TrialResult) -> None:
        with self._transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO trials VALUES (?,?,?,?,?)",
                (result.index, now(), self.clock_s, result.status, _dump(asdict(result))),
            )
            self._tick()

    def trials(self) -> list[TrialResult]:
        adapter = TypeAdapter(TrialResult)
        rows = self._db.execute("SELECT result FROM trials ORDER BY idx")
        return [self._read(adapter, r[0]) for r in rows]

    def trial_clock(self) -> dict[int, float]:
        """Trial index -> the run's clock in seconds when it finished."""
        return dict(self._db.execute("SELECT idx, clock_s FROM trials ORDER BY idx").fetchall())

    def event(self, kind: str, **body: Any) -> None:
        with self._transaction():
            self._db.execute(
                "INSERT INTO events (at, clock_s, kind, body) VALUES (?,?,?,?)",
                (now(), self.clock_s, kind, _dump(body)),
            )
            self._tick()

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        rows = self._db.execute(
            "SELECT at, clock_s, kind, body FROM events WHERE ?1 IS NULL OR kind=?1 ORDER BY id", (kind,)
        )
        return [{"at": at, "clock_s": clock, "kind": k, **json.loads(b)} for at, clock, k, b in rows]
