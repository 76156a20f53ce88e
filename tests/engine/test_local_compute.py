"""The child may hang, crash or eat all memory: `run` always returns, in time, and says what happened."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from patience import patience
from traineragent.domain.run import Candidate, Trial
from traineragent.engine.compute.child import Outcome, clean_environment, free_memory_mb
from traineragent.engine.compute.local import LocalCompute, WorkFailed, _result
from traineragent.engine.dataset import TrainingData
from traineragent.errors import InputError, Paused

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2)).astype(np.float32)
    folds = (np.arange(60) % 3).astype(np.int8)
    data = TrainingData(x, x[:, 0].astype(float), folds, ("a", "b"), ("number", "number"), (0, 0), 0, bound=True)
    path = tmp_path_factory.mktemp("compute") / "data"
    data.save(path)
    return path


@pytest.fixture(scope="module")
def compute(folder: Path) -> Iterator[LocalCompute]:
    """One compute for all tests: each finds whatever the last one left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE))
        patch.setenv("OPENAI_API_KEY", "canary")
        patch.setenv("SOME_DATABASE", "postgresql://me:canary@localhost/x")
        trials = folder.parent / "trials"
        with LocalCompute(folder, trials, metric="rmse", seed=0, threads=1, memory_mb=700) as compute:
            yield compute


def trial(index: int, act: str = "", family: str = "unruly:PLUGIN") -> Trial:
    return Trial(index, Candidate(family, {"act": act}))


def test_trains_saves_and_names_what_it_wrote(compute: LocalCompute) -> None:
    result = compute.run(trial(0), 60)
    assert (result.status, len(result.fold_scores)) == ("done", 3), result.note
    written = {p.name for p in compute.folder(0).iterdir()}
    assert set(result.files) | {"result.json"} <= written
    assert {"model_00.npz", "oof.npy"} <= set(result.files)
    assert not list(compute.trials.glob("*.tmp"))
    assert np.load(compute.folder(0) / "oof.npy").shape == (60,)


def test_progress_tells_every_fold_and_resuming_knows_the_rivals(compute: LocalCompute, tmp_path: Path) -> None:
    heard: list[tuple[int, int, int]] = []
    compute.progress = lambda index, told: heard.append((index, told["fold"], told["folds"]))
    first = compute.run(trial(5), 60)
    compute.progress = None
    assert heard == [(5, 1, 3), (5, 2, 3), (5, 3, 3)]
    with LocalCompute(compute.data, tmp_path, metric="rmse", seed=0, threads=1, history=[first]) as resumed:
        assert resumed.rivals == {"unruly:PLUGIN": first.fold_scores[0]}


def test_same_trial_is_taken_from_its_folder(compute: LocalCompute) -> None:
    first = compute.run(trial(1), 60)
    stamp = (compute.folder(1) / "oof.npy").stat().st_mtime_ns
    assert compute.run(trial(1), 60) == first
    assert (compute.folder(1) / "oof.npy").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("made", ["views", "networks"])
def test_what_trials_left_beside_the_data_makes_no_other_trial_of_one(compute: LocalCompute, made: str) -> None:
    """A resumed run finds what earlier trials computed there, and its own work must still be its own."""
    first = compute.run(trial(6), 60)
    stamp = (compute.folder(6) / "oof.npy").stat().st_mtime_ns
    (compute.data / made).mkdir()
    (compute.data / made / "values.npy").write_bytes(b"made by a trial")
    try:
        with LocalCompute(compute.data, compute.trials, metric="rmse", seed=0, threads=1) as resumed:
            assert resumed.run(trial(6), 60) == first
    finally:
        shutil.rmtree(compute.data / made)
    assert (compute.folder(6) / "oof.npy").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("damage", ["other candidate", "lost file", "changed file", "garbled result"])
def test_folder_that_does_not_fit_is_trained_again(compute: LocalCompute, damage: str) -> None:
    compute.run(trial(2), 60)
    folder = compute.folder(2)
    if damage == "lost file":
        (folder / "oof.npy").unlink()
    if damage == "changed file":
        (folder / "model_00.npz").write_bytes(b"other")
    if damage == "garbled result":
        (folder / "result.json").write_text("{")
    again = Trial(2, Candidate("unruly:PLUGIN", {"other": 1})) if damage == "other candidate" else trial(2)
    result = compute.run(again, 60)
    assert (result.status, result.candidate) == ("done", again.candidate)
    saved = json.loads((folder / "result.json").read_text())["result"]
    assert saved["candidate"]["params"] == again.candidate.params


def test_half_written_folder_of_a_killed_run_is_replaced(compute: LocalCompute) -> None:
    half = compute.trials / "0003.tmp"
    half.mkdir()
    (half / "model_00.npz").write_bytes(b"half")
    assert compute.run(trial(3), 60).status == "done"
    assert not half.exists()


def test_the_checkpoint_of_an_interrupted_trial_is_kept_for_that_trial_alone(compute: LocalCompute) -> None:
    half = compute.trials / "0020.tmp"

    def left(of: Trial) -> set[str]:
        compute._begin(half, of)
        return {p.name for p in half.iterdir()}

    first = left(trial(20))
    for name in ("checkpoint.safetensors", "model_00.npz"):
        (half / name).write_bytes(b"half")
    assert left(trial(20)) == first | {"checkpoint.safetensors"}
    assert left(trial(20, "hang")) == first
    (half / "checkpoint.safetensors").write_bytes(b"half")
    compute._begin(half, trial(20, "hang"))
    assert compute.run(trial(20), 60).status == "done"
    assert not half.exists()
    assert not list(compute.folder(20).glob("checkpoint*"))


def test_hang_in_c_ends_in_time_with_all_it_started_and_the_next_trial_runs(compute: LocalCompute) -> None:
    compute.run(trial(9), 60)
    pid = compute._child.pid  # type: ignore[union-attr]
    family = psutil.Process(pid)
    start = time.monotonic()
    result = compute.run(trial(10, "children"), 1.0)
    seconds = time.monotonic() - start
    assert result.status == "timeout"
    assert "time limit" in result.note
    assert seconds < 1.0 + patience(2.0)
    assert not family.is_running() or family.status() == psutil.STATUS_ZOMBIE
    assert not [
        p for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [])[-1:] == ["import time; time.sleep(60)"]
    ]
    assert "unruly.py" in (compute.folder(10) / "log.txt").read_text()  # says where it hung
    assert compute.run(trial(11), 60).status == "done"


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("crash", "crashed (Segmentation fault)"),
        ("killed", "most likely out of memory"),
        ("exit", "exit code 7"),
        ("eat", "over the limit of 700"),
    ],
)
def test_death_of_the_child_is_told_in_words(compute: LocalCompute, act: str, words: str) -> None:
    start = time.monotonic()
    with pytest.raises(WorkFailed) as caught:
        compute.call("unruly:answer", {"what": act}, 60)
    assert words in str(caught.value)
    assert caught.value.kind == ("memory" if act == "eat" else "crash")
    assert time.monotonic() - start < patience(15)


def test_trial_whose_process_dies_has_failed_and_says_where(compute: LocalCompute) -> None:
    result = compute.run(Trial(20, Candidate("unruly:PLUGIN", {"act": "crash", "from_fold": 1})), 60)
    assert result.status == "failed"
    assert result.note == "the process crashed (Segmentation fault), at fold 2 of 3"
    assert [p.name for p in compute.folder(20).iterdir() if p.suffix == ".npz"] == []


def test_error_is_told_by_type_and_last_line_and_logged_whole(compute: LocalCompute) -> None:
    result = compute.run(trial(30, "raise"), 60)
    assert (result.status, result.files) == ("failed", {})
    assert result.note.startswith("KeyError")
    assert "last line" in result.note


def test_full_disk_pauses_the_run_and_leaves_nothing_half_made(compute: LocalCompute) -> None:
    with pytest.raises(Paused, match="make room and resume"):
        compute.run(trial(33, "disk full"), 60)
    assert not list(compute.trials.glob("0033*"))
    assert compute.run(trial(33), 60).status == "done"


def test_unknown_family_fails_with_a_sentence(compute: LocalCompute) -> None:
    result = compute.run(trial(31, family="no_such"), 60)
    assert result.status == "failed"
    assert "no_such" in result.note


def test_secrets_do_not_reach_the_child(compute: LocalCompute) -> None:
    seen = compute.run(trial(32, "secrets"), 60).note
    assert "PATH" in seen
    assert "OPENAI_API_KEY" not in seen
    assert "SOME_DATABASE" not in seen


def test_clean_environment_keeps_what_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "PGPASSWORD", "MY_APIKEY", "GH_PASS"):
        monkeypatch.setenv(name, "canary")
    for name in ("KEYBOARD", "TOKENIZERS_PARALLELISM", "COMPASS", "MONKEY_ISLAND"):
        monkeypatch.setenv(name, "fine")
    kept = clean_environment(3)
    assert "canary" not in kept.values()
    assert {"KEYBOARD", "TOKENIZERS_PARALLELISM", "COMPASS", "MONKEY_ISLAND"} <= set(kept)
    assert kept["OMP_NUM_THREADS"] == "3"


def test_call_answers_and_its_failures_are_exceptions(compute: LocalCompute) -> None:
    assert compute.call("unruly:answer", {"what": "hello"}, 60) == {"answer": "hello", "threads": "1"}
    with pytest.raises(WorkFailed, match="ValueError: that was asked for"):
        compute.call("unruly:answer", {"what": "raise"}, 60)
    with pytest.raises(WorkFailed, match="time limit") as caught:
        compute.call("unruly:answer", {"what": "sleep"}, 0.3)
    assert caught.value.kind == "timeout"
    assert compute.call("unruly:answer", {"what": "again"}, 60)["answer"] == "again"


def test_bad_input_found_in_the_child_is_bad_input_here(compute: LocalCompute) -> None:
    with pytest.raises(InputError) as caught:
        compute.call("unruly:answer", {"what": "bad input"}, 60)
    assert str(caught.value) == "a.csv, line 3:\nno number"
    assert (caught.value.file, caught.value.row, caught.value.column) == ("a.csv", 3, "b")


def test_lack_of_room_in_the_child_is_lack_of_room_here(compute: LocalCompute) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        compute.call("unruly:answer", {"what": "full"}, 60)
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(MemoryError, match="as it happens"):
        compute.call("unruly:answer", {"what": "no memory"}, 60)
    with pytest.raises(WorkFailed, match="No such file"):
        compute.call("unruly:answer", {"what": "lost"}, 60)


def test_metric_may_be_agreed_after_the_start(compute: LocalCompute, tmp_path: Path) -> None:
    agreed: list[str] = []
    with LocalCompute(compute.data, tmp_path, metric=lambda: agreed[-1], seed=0, threads=1) as late:
        assert late.call("unruly:answer", {"what": "x"}, 60)["answer"] == "x"
        scores = []
        for metric in ("rmse", "mae", "rmse"):
            agreed.append(metric)
            scores.append(late.run(trial(0), 60).score)
    assert scores[0] == scores[2] != scores[1]  # a kept result of another metric is none


PARENT = """
import sys, time
from pathlib import Path
from traineragent.engine.compute.local import LocalCompute
data = Path(sys.argv[1])
compute = LocalCompute(data, Path(sys.argv[2]), metric="rmse", seed=0, threads=1)
compute.call("unruly:answer", {"what": "warm"}, 60)
print(compute._child.pid, flush=True)
(compute.trials / "called").touch()
compute.call("unruly:answer", {"what": "hang"}, 60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_child_that_hangs_in_c_dies_with_its_parent(folder: Path, tmp_path: Path, how: signal.Signals) -> None:
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(folder), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        child = psutil.Process(int(parent.stdout.readline()))
    while not (tmp_path / "called").exists():
        time.sleep(0.02)
    time.sleep(0.2)
    parent.send_signal(how)
    parent.wait(20)
    gone, _ = psutil.wait_procs([child], timeout=1)
    assert gone or child.status() == psutil.STATUS_ZOMBIE


def test_free_memory_is_a_plausible_number() -> None:
    assert 10 < free_memory_mb() <= psutil.virtual_memory().total / 1e6


@pytest.mark.parametrize(
    ("kind", "status", "note"),
    [
        ("TimeoutError", "timeout", "it would take 3 s more"),
        ("ValueError", "failed", "ValueError: it would take 3 s more"),
    ],
)
def test_a_trial_that_gives_up_for_want_of_time_has_not_failed(kind: str, status: str, note: str) -> None:
    told = Outcome("error", {"type": kind, "line": "it would take 3 s more"})
    result = _result(Trial(1, Candidate("linear"), 5.0), told, {}, 1.0)
    assert (result.status, result.note) == (status, note)
