"""Kill -9 at any moment, then resume: nothing lost, nothing repeated, and the same model as if nothing had happened."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from patience import patience
from product import (
    WORDS,
    churn,
    journal_of,
    kill_group,
    quick_procedures,
    rows_of,
    run,
    start,
    wait_until,
    write_csv,
)

pytestmark = pytest.mark.e2e

TRIALS = 5
CANDIDATES = (
    {"family": "linear"},
    {"family": "lightgbm", "params": {"rounds": 20, "patience": 0, "num_leaves": 7}},
    {"family": "linear", "params": {"bins": 1}},
)
"""Three candidates, so that the last two of five trials are proposals of the search."""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """Arguments of `train`, but for --out."""
    folder = tmp_path_factory.mktemp("given")
    table = write_csv(churn(), folder / "customers.csv")
    procedures = quick_procedures(folder / "procedures", CANDIDATES)
    return ("train", WORDS, "--data", table, "--trials", TRIALS, "--seed", 0, "--config", procedures)


@pytest.fixture(scope="module")
def whole(given: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run, never interrupted."""
    out = tmp_path_factory.mktemp("whole") / "run"
    done = run(*given, "--out", out)
    assert done.code == 0, done.err
    return out


def files_of(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file below a folder with when and what was written last."""
    return {
        str(p.relative_to(folder)): (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest())
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def finished_trials(run_dir: Path) -> dict[str, tuple[int, str]]:
    """Files of the trials that the journal knows."""
    known = [f"{idx:04d}" for (idx,) in rows_of(run_dir, "SELECT idx FROM trials")]
    return {f"{name}/{k}": v for name in known for k, v in files_of(run_dir / "trials" / name).items()}


def assert_same_result(killed: Path, whole: Path) -> None:
    ours, theirs = (json.loads((p / "report.json").read_text()) for p in (killed, whole))
    assert ours["status"] == "delivered"
    assert ours["metric"] == theirs["metric"]
    assert [(e["trial"], e["family"], e["params"], e["score"], e["weight"]) for e in ours["leaderboard"]] == [
        (e["trial"], e["family"], e["params"], e["score"], e["weight"]) for e in theirs["leaderboard"]
    ]
    model = "bundle/model.onnx"
    assert (killed / model).read_bytes() == (whole / model).read_bytes()
    assert journal_of(killed) == journal_of(whole)


def assert_nothing_half_done(run_dir: Path) -> None:
    """No temporary file lies about in what is delivered, and every checksum of the bundle holds."""
    assert not [p for p in (run_dir / "bundle").rglob("*") if p.name.endswith(".tmp") or p.name.startswith(".")]
    manifest = json.loads((run_dir / "bundle" / "bundle.json").read_text())
    assert "model.onnx" in manifest["files"]
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((run_dir / "bundle" / name).read_bytes()).hexdigest() == digest, name


def queued(type_name: str, number: int = 1) -> Callable[[Path], bool]:
    query = f"SELECT count(*) FROM messages WHERE type='{type_name}'"
    return lambda out: bool((found := rows_of(out, query)) and found[0][0] >= number)


def stepped(prefix: str) -> Callable[[Path], bool]:
    return lambda out: bool(rows_of(out, f"SELECT 1 FROM steps WHERE key LIKE '{prefix}%'"))


def told(kind: str, number: int = 1) -> Callable[[Path], bool]:
    query = f"SELECT count(*) FROM events WHERE kind='{kind}'"
    return lambda out: bool((found := rows_of(out, query)) and found[0][0] >= number)


def exists(name: str) -> Callable[[Path], bool]:
    return lambda out: (out / name).exists()


def at_work(index: int) -> Callable[[Path], bool]:
    """A trial is under way, or was when nobody looked."""
    name = f"trials/{index:04d}"
    return lambda out: (out / f"{name}.tmp").exists() or (out / name).exists()


POINTS: dict[str, Callable[[Path], bool]] = {
    "the request is journaled": queued("RunRequested"),
    "the data is read": queued("DataCollected"),
    "the task is specified": queued("TaskSpecified"),
    "the hold-out is being sealed": exists("data/holdout.parquet"),
    "the data is prepared": stepped("prepare"),
    "the first trial is at work": at_work(0),
    "the first model is exported": told("exported"),
    "the search goes on": queued("SearchRequested"),
    "the third trial is at work": at_work(2),
    "the fourth trial lies there": exists("trials/0003"),
    "the last model is exported": told("exported", 2),
    "the hold-out is opened": told("holdout_opened"),
    "importance is known": exists("data/explanation.json"),
    "the card is written": exists("bundle/MODEL_CARD.md"),
    "the report is written": exists("report.json"),
}


def test_a_run_killed_at_every_named_point_gives_the_same_model(
    given: tuple[object, ...], whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    process, kept, killed = start(*given, "--out", out), {}, []
    for name, reached in POINTS.items():
        if not wait_until(lambda reached=reached: reached(out), process):
            break
        kill_group(process)
        killed.append(name)
        found = finished_trials(out)
        assert {k: found[k] for k in kept} == kept, f"a finished trial was touched before {name!r}"
        kept = found
        process = start("resume", out)
    _, trouble = process.communicate(timeout=240)
    assert process.returncode == 0, trouble.decode()
    assert len(killed) >= len(POINTS) - 2, f"only killed at {killed}"
    assert {k: v for k, v in finished_trials(out).items() if k in kept} == kept
    assert_same_result(out, whole)
    assert_nothing_half_done(out)


def test_a_run_killed_at_random_moments_gives_the_same_model(
    given: tuple[object, ...], whole: Path, tmp_path: Path
) -> None:
    """A run gets as far as it can in a random time, again and again; a kill may fall into a resume's first moments."""
    seed = time.time_ns()
    out, moments, kept = tmp_path / "run", random.Random(seed), {}
    process = start(*given, "--out", out)
    for _ in range(8):
        moment = time.monotonic() + moments.uniform(0.2, 7.0)
        if not wait_until(lambda moment=moment: time.monotonic() > moment, process):
            break
        kill_group(process)
        found = finished_trials(out)
        assert {k: found[k] for k in kept} == kept, f"moments drawn with seed {seed}"
        kept = found
        process = start("resume", out) if queued("RunRequested")(out) else restarted(given, out)
    _, trouble = process.communicate(timeout=240)
    assert process.returncode == 0, f"moments drawn with seed {seed}: {trouble.decode()}"
    assert_same_result(out, whole)
    assert_nothing_half_done(out)


def restarted(given: tuple[object, ...], out: Path) -> Any:
    """Killed before anything was written: there is nothing to go on with, and the program says so."""
    if (out / "run.sqlite").exists():
        refused = run("resume", out)
        assert refused.code == 2
        assert "start it again" in refused.err
    shutil.rmtree(out, ignore_errors=True)
    return start(*given, "--out", out)


def test_a_trial_that_was_trained_but_not_yet_journaled_is_taken_and_not_trained_again(
    given: tuple[object, ...], whole: Path, tmp_path: Path
) -> None:
    """The moment between the two cannot be hit from outside, so it is made: the journal forgets its last trial."""
    out = tmp_path / "run"
    process = start(*given, "--out", out)
    assert wait_until(lambda: bool(rows_of(out, "SELECT 1 FROM trials WHERE idx=2")), process)
    kill_group(process)
    forget_last_trial(out)
    before = files_of(out / "trials" / "0002")
    done = run("resume", out)
    assert done.code == 0, done.err
    assert files_of(out / "trials" / "0002") == before
    assert_same_result(out, whole)


def forget_last_trial(out: Path) -> None:
    with closing(sqlite3.connect(out / "run.sqlite")) as db, db:
        last = db.execute("SELECT max(idx) FROM trials").fetchone()[0]
        db.execute("DELETE FROM trials WHERE idx > 1")
    for index in range(3, last + 1):
        for path in (out / "trials" / f"{index:04d}").iterdir():
            path.unlink()


def test_resuming_a_finished_run_shows_its_report_and_changes_nothing(whole: Path) -> None:
    before = {k: v for k, v in files_of(whole).items() if not k.startswith("run.sqlite")}
    done = run("resume", whole, "--json")
    assert done.code == 0
    assert done.json["status"] == "delivered"
    assert {k: v for k, v in files_of(whole).items() if not k.startswith("run.sqlite")} == before


def test_the_same_seed_and_number_of_trials_give_the_same_model_again(
    given: tuple[object, ...], whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "again"
    assert run(*given, "--out", out).code == 0
    assert_same_result(out, whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("point", ["the data is read", "the first trial is at work", "the last model is exported"])
def test_a_signal_stops_within_two_seconds_names_the_way_on_and_leaves_no_child(
    given: tuple[object, ...], tmp_path: Path, number: signal.Signals, point: str
) -> None:
    out = tmp_path / "run"
    process = start(*given, "--out", out, "--json")
    try:
        assert wait_until(lambda: POINTS[point](out), process)
        children = psutil.Process(process.pid).children(recursive=True)
        began = time.monotonic()
        process.send_signal(number)
        said, trouble = process.communicate(timeout=30)
        took = time.monotonic() - began
    finally:
        process.kill()
    assert process.returncode == 130
    assert took < patience(2.0)
    assert f"traineragent resume {out}" in trouble.decode().splitlines()[-1]
    assert json.loads(said)["exit_code"] == 130
    assert "Traceback" not in trouble.decode()
    assert not list(still_there(children))


def still_there(processes: list[psutil.Process]) -> Iterator[psutil.Process]:
    """Those that did not end, after a moment in which the kernel may bury them."""
    psutil.wait_procs(processes, timeout=1)
    for process in processes:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except psutil.NoSuchProcess:
            continue


STUCK = """
import sys
import numpy as np
from traineragent.stopping import stopping_promptly
matrix = np.random.default_rng(0).normal(size=(3000, 3000))
with stopping_promptly(lambda: "stopped; go on with: traineragent resume here", as_json=True):
    print("ready", file=sys.stderr, flush=True)
    while True:
        np.linalg.svd(matrix)  # half a minute in which the interpreter does not look at signals
"""


def test_a_process_inside_a_library_still_stops_within_two_seconds() -> None:
    process = subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert process.stderr.readline() == b"ready\n"
    time.sleep(0.5)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    said, trouble = process.communicate(timeout=60)
    assert time.monotonic() - began < patience(2.0)
    assert process.returncode == 130
    assert b"traineragent resume here" in trouble
    assert json.loads(said)["exit_code"] == 130


def test_two_processes_never_work_on_one_run(given: tuple[object, ...], tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = start(*given, "--out", out)
    try:
        assert wait_until(lambda: queued("DataCollected")(out), process)
        second = run("resume", out)
    finally:
        kill_group(process)
    assert second.code == 2
    assert f"process {process.pid}" in second.err
    assert "Traceback" not in second.err


def test_data_that_changed_since_the_kill_is_not_mixed_into_the_run(given: tuple[object, ...], tmp_path: Path) -> None:
    table = write_csv(churn(), tmp_path / "mine.csv")
    out = tmp_path / "run"
    arguments = [table if str(a).endswith("customers.csv") else a for a in given]
    process = start(*arguments, "--out", out)
    assert wait_until(lambda: queued("TaskSpecified")(out), process)
    kill_group(process)
    write_csv(churn(seed=1), table)
    done = run("resume", out)
    assert done.code == 2
    assert "mine.csv changed since this run began" in done.err
    assert (out / "run.sqlite").exists()
