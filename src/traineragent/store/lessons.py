"""Lessons kept across runs, in one SQLite file of this user on this machine.

Several runs may write at once (BEGIN IMMEDIATE). A file that is damaged, or was written by a newer version, is set
aside and said so: memory may help a run, it never stops one. Knows nothing of what a lesson is used for.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from ..domain.lesson import Lesson

FILE_NAME = "lessons.sqlite"
APPLICATION_ID = 0x54414C31  # "TAL1": tells our file from any other SQLite file
MOST_LESSONS = 500
"""The oldest are forgotten beyond this."""
WAIT_S = 5.0
MIGRATIONS = (
    "CREATE TABLE lessons (id INTEGER PRIMARY KEY, at TEXT NOT NULL, run TEXT NOT NULL UNIQUE, body TEXT NOT NULL)",
)
T = TypeVar("T")


class Unusable(Exception):
    """The file is none of ours, damaged, or newer than this program."""


class Lessons:
    """The lessons in the folder `home`. `said` collects what went wrong, in sentences."""

    def __init__(self, home: Path) -> None:
        self.path = home / FILE_NAME
        self.said: list[str] = []

    def all(self) -> list[Lesson]:
        """Newest first; none where the file cannot be read."""
        return self._safely(self._read, []) if self.path.exists() else []

    def add(self, lesson: Lesson) -> bool:
        """Keeps a lesson, at most one a run; whether it could be kept."""
        return self._safely(lambda db: self._write(db, lesson), False)

    def clear(self) -> int:
        """Forgets everything; how many lessons there were."""
        known = len(self.all())
        for path in self.path.parent.glob(f"{FILE_NAME}*"):
            path.unlink(missing_ok=True)
        return known

    # ------------------------------------------------------------------ inside
    def _read(self, db: sqlite3.Connection) -> list[Lesson]:
        adapter, out = TypeAdapter(Lesson), []
        for (body,) in db.execute("SELECT body FROM lessons ORDER BY id DESC LIMIT ?", (MOST_LESSONS,)):
            with suppress(ValidationError):
                out.append(adapter.validate_json(body))
        return out

    def _write(self, db: sqlite3.Connection, lesson: Lesson) -> bool:
        db.execute("BEGIN IMMEDIATE")
        try:
            row = (lesson.at, lesson.run, json.dumps(asdict(lesson)))
            db.execute("INSERT OR REPLACE INTO lessons (at, run, body) VALUES (?,?,?)", row)
            db.execute("DELETE FROM lessons WHERE id <= (SELECT max(id) FROM lessons) - ?", (MOST_LESSONS,))
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        return True

    def _safely(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """The result of `work`; where the file is of no use it is set aside, and a new one is tried once."""
        for _ in range(2):
            try:
                with self._opened() as db:
                    return work(db)
            except sqlite3.OperationalError as e:  # locked for long, no permission, disk full
                self.said.append(f"lessons of earlier runs could not be used ({e})")
                return otherwise
            except (sqlite3.DatabaseError, Unusable) as e:
                if not self._set_aside(str(e)):
                    return otherwise
            except OSError as e:
                self.said.append(f"lessons of earlier runs could not be used ({e.strerror})")
                return otherwise
        return otherwise

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(sqlite3.connect(self.path, isolation_level=None, timeout=WAIT_S)) as db:
            self._migrate(db)
            yield db

    def _migrate(self, db: sqlite3.Connection) -> None:
        """Brings an older file up to date. Raises Unusable for one that is not ours or is newer."""
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        ours = int(db.execute("PRAGMA application_id").fetchone()[0])
        empty = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version > len(MIGRATIONS):
            raise Unusable("it was written by a newer version")
        if ours != APPLICATION_ID and not empty:
            raise Unusable("it is a file of another program")
        if version == len(MIGRATIONS):
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])  # another run may have been faster
            for number, statement in enumerate(MIGRATIONS[version:], version + 1):
                db.execute(statement)
                db.execute(f"PRAGMA user_version={number}")
            db.execute(f"PRAGMA application_id={APPLICATION_ID}")
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        self.path.chmod(0o600)

    def _set_aside(self, reason: str) -> bool:
        aside = self.path.with_name(f"{FILE_NAME}.aside-{time.strftime('%Y%m%d-%H%M%S')}")
        try:
            self.path.rename(aside)
        except OSError:
            return False
        why = f"the lessons of earlier runs cannot be read ({reason}); the file was set aside as {aside.name}"
        self.said.append(why)
        return True
