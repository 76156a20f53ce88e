"""Trains on this machine, one trial at a time, in a child process that can be killed.

A trial's folder is written under a temporary name, made durable and then renamed: whatever is killed whenever, there
are only whole trials. It knows nothing of which trials are worth running.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from ...domain.run import Candidate, Trial, TrialResult
from ...errors import InputError, Paused, TrainerError
from ...knowledge.force import overlay
from ...serve.manifest import file_sha256
from ...store.files import out_of_room, sync
from .child import Child, Outcome

RESULT_FILE, LOG_FILE = "result.json", "log.txt"
MADE_BY_TRIALS = frozenset({"views", "networks"})  # folders beside the prepared data
KEY_FILE, CHECKPOINTS = "key.txt", "checkpoint*"  # in the folder of a trial that is not finished
TRAIN = "traineragent.engine.rows:train"
DISK_FULL = os.strerror(errno.ENOSPC)

TrialProgress = Callable[[int, Mapping[str, Any]], None]


class WorkFailed(TrainerError):
    """A call in the child gave no answer. `kind` is "error", "timeout", "memory" or "crash"."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class LocalCompute:
    """Implements `ports.Compute` with one persistent child. `data` is the folder of the prepared data, whole before
    the first trial; `metric` and `train` (the path of what trains a trial, see `ports.Line`) may be functions where
    they are known only then.

    `warm` names modules that the child imports while it has nothing to do, in this order. `progress(trial index,
    {"fold", "folds", "score"})` is called while a trial runs. `history` are the results of an earlier process, so that
    a resumed search races against the same rivals."""

    def __init__(
        self,
        data: Path,
        trials: Path,
        *,
        metric: str | Callable[[], str],
        seed: int,
        threads: int,
        train: str | Callable[[], str] = TRAIN,
        memory_mb: float | None = None,
        warm: Sequence[str] = ("traineragent.engine.training",),
        progress: TrialProgress | None = None,
        history: Iterable[TrialResult] = (),
    ) -> None:
        self.data, self.trials = data, trials
        self.settings: dict[str, Any] = {"data": str(data), "seed": seed, "threads": threads, "warm": tuple(warm)}
        chosen = overlay()
        if chosen is not None:
            self.settings["overlay"] = str(chosen.absolute())
        self._metric, self._train = metric, train
        self.threads, self.memory_mb, self.progress = threads, memory_mb, progress
        self.rivals: dict[str, float] = {}
        for result in history:
            self._remember(result)
        self._data_hash: str | None = None
        trials.mkdir(parents=True, exist_ok=True)
        self._child: Child | None = self._start()

    @property
    def metric(self) -> str:
        return self._metric() if callable(self._metric) else self._metric

    def run(self, trial: Trial, timeout_s: float) -> TrialResult:
        """Trains one trial in at most `timeout_s` and a second. A trial whose whole folder is there already, from
        the same data and settings, is not trained again. Raises Paused when the disk is full."""
        start = time.monotonic()
        kept = self._kept(trial)
        if kept is not None:
            self._remember(kept)
            return kept
        final = self.folder(trial.index)
        draft = final.with_name(final.name + ".tmp")
        seen: dict[str, Any] = {}
        message = {
            "do": "train",
            "function": self._train() if callable(self._train) else self._train,
            "trial": asdict(trial),
            "folder": str(draft),
            "metric": self.metric,
            "rivals": self.rivals,
            "log": str(draft / LOG_FILE),
        }
        try:
            self._begin(draft, trial)
            outcome = self._work(message, timeout_s, lambda p: self._report(trial.index, p, seen))
            result = _result(trial, outcome, seen, time.monotonic() - start)
            if result.status == "failed" and DISK_FULL in result.note:
                raise OSError(errno.ENOSPC, result.note)
            self._finish(draft, final, result)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            if error.errno == errno.ENOSPC:
                raise Paused(f"the disk of {self.trials} is full; make room and resume the run") from error
            raise
        self._remember(result)
        return result

    def call(self, function: str, args: Mapping[str, Any], timeout_s: float) -> Any:
        """Runs "package.module:function" with JSON arguments in the child. Raises WorkFailed, saying why in words;
        InputError, Paused, MemoryError and the OSError of a full disk come through as they are."""
        outcome = self._work({"do": "call", "function": function, "args": dict(args)}, timeout_s, None)
        if outcome.kind == "done":
            return outcome.value
        if outcome.kind == "error":
            _raise_again(outcome.value, self.trials)
        raise WorkFailed(outcome.note, outcome.kind)

    def folder(self, index: int) -> Path:
        """Where a finished trial lies: its models, `oof.npy`, `result.json` and, if anything was said, `log.txt`."""
        return self.trials / f"{index:04d}"

    def close(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def __enter__(self) -> LocalCompute:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> Child:
        log = self.trials / "worker.log"
        return Child(self.settings, threads=self.threads, memory_mb=self.memory_mb, log=log)

    def _work(
        self, message: Mapping[str, Any], timeout_s: float, progress: Callable[[Mapping[str, Any]], None] | None
    ) -> Outcome:
        """A fresh child is started as soon as the last one is gone, so that it warms up while nobody waits."""
        if self._child is None or not self._child.alive:
            self.close()
            self._child = self._start()
        outcome = self._child.work(message, timeout_s, progress)
        if not self._child.alive:
            self._child = self._start()
        return outcome

    def _report(self, index: int, progress: Mapping[str, Any], seen: dict[str, Any]) -> None:
        seen.update(progress)
        if self.progress is not None:
            self.progress(index, progress)

    def _remember(self, result: TrialResult) -> None:
        if result.fold_scores:
            family, first = result.candidate.family, result.fold_scores[0]
            self.rivals[family] = max(first, self.rivals.get(family, first))

    def _key(self, trial: Trial) -> str:
        """Names everything that a result depends on but the time it was given. What trials themselves leave beside the
        data is made of the rest: it must not make a resumed run take its own work for another's."""
        if self._data_hash is None:
            digest = hashlib.sha256()
            for path in sorted(p for p in self.data.rglob("*") if p.is_file()):
                if path.relative_to(self.data).parts[0] not in MADE_BY_TRIALS:
                    digest.update(file_sha256(path).encode())
            self._data_hash = digest.hexdigest()
        facts = [self._data_hash, self.metric, self.settings["seed"], trial.index, asdict(trial.candidate)]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def _kept(self, trial: Trial) -> TrialResult | None:
        """The result of a whole folder that belongs to this trial; any other is removed."""
        folder = self.folder(trial.index)
        try:
            saved = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
            result = _from_json(saved["result"], trial)
            whole = all(file_sha256(folder / name) == digest for name, digest in result.files.items())
        except (OSError, ValueError, KeyError, TypeError):
            whole, saved = False, {}
        if whole and saved["key"] == self._key(trial):
            return result
        shutil.rmtree(folder, ignore_errors=True)
        return None

    def _begin(self, draft: Path, trial: Trial) -> None:
        """An empty folder, but for the checkpoints that an interrupted process left of this very trial."""
        key, said = self._key(trial), draft / KEY_FILE
        if not said.is_file() or said.read_text(encoding="utf-8") != key:
            shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(exist_ok=True)
        for path in draft.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif not path.match(CHECKPOINTS):
                path.unlink()
        said.write_text(key, encoding="utf-8")

    def _finish(self, draft: Path, final: Path, result: TrialResult) -> None:
        """Makes the folder durable, then gives it its name."""
        for path in (draft / KEY_FILE, *draft.glob(CHECKPOINTS)):
            path.unlink(missing_ok=True)
        log = draft / LOG_FILE
        if log.is_file() and log.stat().st_size == 0:
            log.unlink()
        if not result.files:
            for path in draft.iterdir():
                if path.name != LOG_FILE:
                    path.unlink()
        trial = Trial(result.index, result.candidate)
        saved = {"key": self._key(trial), "result": asdict(result)}
        (draft / RESULT_FILE).write_text(json.dumps(saved), encoding="utf-8")
        for path in (*draft.iterdir(), draft):
            sync(path)
        draft.rename(final)
        sync(self.trials)


def _raise_again(told: Mapping[str, Any], folder: Path) -> NoReturn:
    """What went wrong in the child, as the error it is for whoever asked."""
    if "input" in told:
        place = dict(told["input"])
        raise InputError(place.pop("message"), **place)
    if "paused" in told:
        raise Paused(told["paused"])
    if "errno" in told and out_of_room(OSError(told["errno"], told["line"]), folder):
        raise OSError(errno.ENOSPC, told["line"])
    if told["type"] == "MemoryError":
        raise MemoryError(told["line"])
    raise WorkFailed(f"{told['type']}: {told['line']}", "error")


def _result(trial: Trial, outcome: Outcome, seen: Mapping[str, Any], seconds: float) -> TrialResult:
    if outcome.kind == "done":
        return _from_json(outcome.value, trial)
    failed = outcome.kind == "error"
    gave_up = failed and outcome.value["type"] == TimeoutError.__name__
    note = f"{outcome.value['type']}: {outcome.value['line']}" if failed else outcome.note
    note = outcome.value["line"] if gave_up else note
    if seen:
        note += f", at fold {seen['fold'] + 1} of {seen['folds']}"
    status = "timeout" if outcome.kind == "timeout" or gave_up else "failed"
    return TrialResult(trial.index, trial.candidate, status, seconds=seconds, note=note)  # type: ignore[arg-type]


def _from_json(value: Mapping[str, Any], trial: Trial) -> TrialResult:
    """The candidate comes from the trial: JSON would have turned its tuples into lists."""
    if Candidate(**value["candidate"]).family != trial.candidate.family:
        raise ValueError("the result belongs to another trial")
    fields = {**value, "candidate": trial.candidate, "fold_scores": tuple(value["fold_scores"])}
    return TrialResult(**fields)
