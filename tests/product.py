"""The program as a user has it: a child process with arguments, an exit code, and what it said.

Also small tables with real structure to give it, and a look at a run's journal from outside.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

WORDS = "Predict which customers left."
PRICE_WORDS = "Estimate the price of a house."
COMMAND = (sys.executable, "-m", "traineragent")


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; fails when there is more or less."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


def run(*arguments: object, cwd: Path | None = None, timeout: float = 240, **environment: str) -> Said:
    """Runs the program to its end, with no terminal."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
    )
    return Said(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def start(*arguments: object, **environment: str) -> subprocess.Popen[bytes]:
    """Starts the program in a process group of its own."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """What the out-of-memory killer or a power switch does: everything in the group at once, without a word."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes], timeout: float = 120) -> bool:
    """True as soon as the condition holds; False when the process ended before."""
    end = time.monotonic() + timeout
    while process.poll() is None:
        if condition():
            return True
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.002)
    return False


def rows_of(run_dir: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a run's journal, read by SQLite itself; none while there is no such table yet."""
    path = run_dir / "run.sqlite"
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as db:
        try:
            return db.execute(query).fetchall()
        except sqlite3.OperationalError:
            return []


def journal_of(run_dir: Path) -> dict[str, Any]:
    """What must be the same however often a run was interrupted: the order of messages, decisions, steps and trials."""
    return {
        "messages": rows_of(run_dir, "SELECT id, sender, recipient, type, handled FROM messages ORDER BY id"),
        "decisions": rows_of(run_dir, "SELECT key, agent, what FROM decisions ORDER BY key"),
        "steps": rows_of(run_dir, "SELECT key, agent FROM steps ORDER BY key"),
        "trials": rows_of(
            run_dir, "SELECT idx, status, json_extract(result, '$.score'), json_extract(result, '$.files') FROM trials"
        ),
    }


# ---------------------------------------------------------------------------------------------------------- procedures


def quick_procedures(folder: Path, candidates: Iterable[Mapping[str, Any]], question: str = "candidates") -> Path:
    """A --config folder whose Model agent tries just these candidates, each {"family", "params"}, and tunes nothing.
    `question`: the section of its procedure that lists candidates for the kind of task."""
    from traineragent.knowledge.sop import load

    changes: list[dict[str, Any]] = [{"remove": s.id} for s in load("model").questions[question]]
    changes += [
        {"id": f"try-{i}", "do": "try", "with": dict(c), "why": "a test wants it"} for i, c in enumerate(candidates)
    ]
    (folder / "sops").mkdir(parents=True)
    (folder / "sops" / "model.yaml").write_text(json.dumps({"questions": {question: changes}}))
    return folder


# --------------------------------------------------------------------------------------------------------------- tables
def churn(rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """Customers who left or stayed: numbers, a category and missing values, all of which matter."""
    r = np.random.default_rng(seed)
    age, income = r.integers(18, 80, rows), r.normal(40, 12, rows).round(1)
    plan, calls = r.choice(["basic", "plus", "pro"], rows), r.poisson(3, rows)
    z = 0.06 * (age - 45) - 0.05 * (income - 40) + 1.2 * (plan == "basic") + 0.5 * (calls - 3) + r.normal(0, 0.7, rows)
    income[r.random(rows) < 0.05] = np.nan
    return pd.DataFrame(
        {"age": age, "income": income, "plan": plan, "calls": calls, "left": np.where(z > 0.4, "yes", "no")}
    )


def prices(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """Houses with a price that follows from size, age and place."""
    r = np.random.default_rng(seed)
    size, age, place = (
        r.normal(100, 25, rows).round(0),
        r.integers(0, 90, rows),
        r.choice(["city", "sea", "hill"], rows),
    )
    base = 2500 * size - 900 * age + np.select([place == "city", place == "sea"], [60_000, 30_000], 0)
    price = (base * np.exp(r.normal(0, 0.05, rows)) + 50_000).round(-2)
    return pd.DataFrame({"size_m2": size, "age_years": age, "place": place, "price": price})


def species(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """Four kinds of plants that differ in their measures."""
    r = np.random.default_rng(seed)
    kinds = np.array(["aster", "bellis", "calla", "dahlia"])
    kind = r.integers(0, 4, rows)
    leaf, stem = r.normal(2 + kind, 0.5, rows).round(2), r.normal(30 - 4 * (kind % 3), 2, rows).round(1)
    return pd.DataFrame(
        {"leaf_cm": leaf, "stem_cm": stem, "soil": r.choice(["dry", "wet"], rows), "species": kinds[kind]}
    )


def write_csv(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False)
    return path
