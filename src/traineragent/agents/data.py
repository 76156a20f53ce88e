"""The Data agent: reads, seals the hold-out, profiles what is left, finds leaks, cleans, and makes typed arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from .. import registry
from ..data.durations import date_pairs, difference_name, differences_of, duration_leaks
from ..data.folds import cv_folds
from ..data.leaks import find_leaks
from ..data.levels import levels_of
from ..data.meaning import profile_columns
from ..data.operations import CATALOGUE, Prepared, apply, column_facts
from ..data.profile import profile_table
from ..data.reading import RawTable, read_table
from ..data.signal import signal
from ..data.split import Holdout, duplicate_keys, find_groups, find_time, split_holdout, ties, time_values
from ..data.target import spelling_notes, target_of, target_values
from ..domain.data import Column, FeatureKind, PreparedFacts, TableProfile, Target
from ..domain.messages import DataCollected, DataPrepared, DataRequested, Message, TaskSpecified
from ..domain.run import AgentName
from ..domain.task import TaskSpec
from ..engine.dataset import TrainingData
from ..engine.metrics import scorer
from ..errors import InputError
from ..export.differences import extend
from ..ports import OperationSpec, Task
from ..serve.codecs.table import TableCodec
from ..store.files import read_json, sha256_of, write_json
from .frames import read_frame, write_frame
from .hub import Outgoing
from .memory import Memory

NUMBER: FeatureKind = "number"
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

    # ------------------------------------------------------------------ collecting
    def _collect(self, message: Message, sources: tuple[str, ...]) -> Outgoing:
        facts = {"sources": len(sources), "minutes": self.memory.request.minutes}
        for operation in self.memory.plan(self.name, "collect", facts, COLLECT, f"message-{message.id}"):
            self.memory.say("phase", "reading the data", phase="read")
            table = self._read(sources, operation.args.get("max_rows"))
        columns = profile_columns(table.frame)
        self.memory.say("read", f"{len(table.frame):,} rows, {table.frame.shape[1]} columns", notes=list(table.notes))
        files = tuple(asdict(f) for f in table.files)
        return [("task", DataCollected(len(table.frame), columns, table.notes, files))]

    def _read(self, sources: tuple[str, ...], max_rows: int | None = None) -> RawTable:
        """The table as read; opened again from the sources after a restart, if they are still what they were."""
        if "table" not in self.memory.cache:
            table = read_table(sources, max_rows=max_rows)
            self._require_unchanged(table)
            self.memory.cache["table"] = table
        found: RawTable = self.memory.cache["table"]
        return found

    def _require_unchanged(self, table: RawTable) -> None:
        collected: DataCollected | None = self.memory.journal.last(DataCollected)
        if collected is None:
            return
        before = {f["name"]: f["sha256"] for f in collected.files}
        for file in table.files:
            if before.get(file.name, file.sha256) != file.sha256:
                raise InputError(
                    f"{file.name} changed since this run began; start a new run with the new data", file=file.name
                )

    # ------------------------------------------------------------------ perception
    def _perceive_split(self, table: RawTable, task: TaskSpec, target: Target) -> dict[str, Any]:
        """What ties rows together or orders them: said in words, or plain from the data."""
        groups = find_groups(table.frame, target.name)
        times = find_time(table.frame, target.name)
        said = next((c.removeprefix("split:group:") for c in task.constraints if c.startswith("split:group:")), None)
        return {
            "rows": len(table.frame),
            "parts": any(f.role for f in table.files),
            "group_said": said or task.data_info.group,
            "group_found": next((g.column for g in groups if g.use), None),
            "group_evidence": next((g.evidence for g in groups if g.use), ""),
            "time_said": task.data_info.time or ("split:time" in task.constraints or None),
            "time_found": times[0].column if times else None,
        }

    def _perceive_columns(
        self, profile: TableProfile, task: TaskSpec, pairs: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        excluded = {c.column: c.why for c in task.data_info.ignored}
        without = {*excluded, *(leak.column for leak in profile.leaks if leak.action == "dropped")}
        return {
            "rows": profile.rows,
            "duplicate_rows": profile.duplicate_rows,
            "duplicate_share": profile.duplicate_rows / max(profile.rows, 1),
            "classes": len(profile.class_counts),
            "minutes": task.budget.minutes,
            "columns": [
                {**c, "excluded": c["name"] in excluded, "excluded_why": excluded.get(c["name"], "")}
                for c in column_facts(profile)
            ],
            "date_pairs": [p for p in pairs if not without & {p["first"], p["second"]}],
        }

    # ------------------------------------------------------------------ splitting and preparing
    def _prepare(self, message: Message, task: TaskSpec) -> Outgoing:
        key = f"message-{message.id}"
        self.memory.say("phase", "preparing the data", phase="prepare")
        split = self.memory.step("split", self.name, lambda: self._split(task, key))
        _ = self.memory.compute  # the process that trains starts now, while columns are profiled here
        prepared = self.memory.step("prepare", self.name, lambda: self._make_typed(task, key))
        files = {**split["files"], **prepared["files"]}
        return [("model", DataPrepared(prepared["facts"], files))]

    def _split(self, task: TaskSpec, key: str) -> tuple[Any, list[Path]]:
        """Chooses how to split, seals the hold-out on disk and writes its hash into the journal."""
        table = self._read(self.memory.request.data)
        kind: Task = registry.get("tasks", task.task_type)
        name = task.data_info.target or ""
        target = target_of(table.frame, name, kind.target_kind, task.data_info.positive_label)
        facts = self._perceive_split(table, task, target)
        (operation,) = self.memory.plan(self.name, "split", facts, SPLIT, key)
        time = operation.args.get("time")
        time = facts["time_found"] if time is True else time
        holdout = split_holdout(
            table.frame,
            target,
            parts=_roles(table),
            group=operation.args.get("group"),
            time=time,
            seed=self.memory.request.seed,
        )
        written = self._seal(table.frame, holdout, target, operation.args.get("group"), time)
        self._agree_metric(task, target, kind)
        return {"files": {str(p.relative_to(self.memory.folder)): sha256_of(p) for p in written}}, written

    def _seal(
        self, frame: pd.DataFrame, holdout: Holdout, target: Target, group: str | None, time: str | None
    ) -> list[Path]:
        folder = self.memory.folder / "data"
        folder.mkdir(exist_ok=True)
        sealed = folder / "holdout.parquet"
        write_frame(frame.iloc[holdout.holdout], sealed)
        write_frame(frame.iloc[holdout.train], folder / "train.parquet")
        np.savez_compressed(folder / "split.npz", train=holdout.train, holdout=holdout.holdout)
        facts = {
            "how": holdout.how,
            "why": holdout.why,
            "group": group,
            "time": time,
            "train_rows": len(holdout.train),
            "holdout_rows": len(holdout.holdout),
            "straddling": holdout.straddling,
            "sha256": sha256_of(sealed),
            "removed": [asdict(r) for r in holdout.removed],
            "notes": list(spelling_notes(target)),
        }
        write_json(folder / "split.json", facts)
        self.memory.save("data/target.json", target, Target)
        self.memory.journal.event("sealed", rows=len(holdout.holdout), sha256=facts["sha256"], how=holdout.how)
        names = ("holdout.parquet", "train.parquet", "split.npz", "split.json", "target.json")
        return [folder / n for n in names]

    def _agree_metric(self, task: TaskSpec, target: Target, kind: Task) -> None:
        """The metric candidates are compared by, for everyone in this run."""
        metric = kind.search_metric(task.metric.name, len(target.labels))
        self.memory.journal.set_meta("metric", metric)
        self.memory.journal.set_meta("direction", scorer(metric).direction)

    def _make_typed(self, task: TaskSpec, key: str) -> tuple[Any, list[Path]]:
        """Profile, leaks, operations by the procedure, declarations, and the matrix that models learn from."""
        folder = self.memory.folder / "data"
        frame = read_frame(folder / "train.parquet")
        target: Target = self.memory.load("data/target.json", Target)
        split = read_json(folder / "split.json")
        y = target_values(frame[target.name], target)
        profile = profile_table(frame, target, seed=self.memory.request.seed)
        excluded = tuple(c.column for c in task.data_info.ignored)
        pairs = date_pairs(frame, [c.name for c in profile.columns if c.meaning == "date"], y)
        leaks = (*find_leaks(frame, target, profile, words_exclude=excluded), *duration_leaks(pairs))
        profile = replace(profile, leaks=leaks, warnings=(*profile.warnings, *split["notes"]))
        facts = self._perceive_columns(profile, task, pairs)
        operations = self.memory.plan(self.name, "prepare", facts, CATALOGUE, key)
        self.memory.say("prepared", f"{len(leaks)} leaks, {len(operations)} operations")
        prepared = apply(operations, frame, y, target, seed=self.memory.request.seed)
        order = list(frame.columns)
        prepared = replace(prepared, columns=tuple(sorted(prepared.columns, key=lambda c: order.index(c.name))))
        return self._write_typed(prepared, profile, target, split)

    def _write_typed(
        self, prepared: Prepared, profile: TableProfile, target: Target, split: Mapping[str, Any]
    ) -> tuple[Any, list[Path]]:
        folder, codec = self.memory.folder / "data", TableCodec(prepared.columns)
        x = codec.encode_frame({c.name: prepared.frame[c.name] for c in prepared.columns})
        differences = differences_of(prepared.columns, prepared.differences)
        names = tuple(map(difference_name, prepared.differences))
        data = TrainingData(
            x=extend(x, differences),
            y=prepared.y,
            folds=self._folds(prepared, target, split),
            names=(*codec.features, *names),
            kinds=(*(k for c in prepared.columns for k in c.feature_kinds), *(NUMBER for _ in names)),
            levels=(*(n for c in prepared.columns for n in _levels(c)), *[0] * len(names)),
            classes=len(target.labels),
            bound=split["group"] is not None or split["time"] is not None,
            differences=differences,
        )
        data.save(folder / "prepared")
        found = signal(data.x, data.y, data.kinds, classes=data.classes, seed=self.memory.request.seed)
        profile = replace(profile, warnings=(*profile.warnings, *found.warnings))
        self.memory.save("data/columns.json", prepared.columns, tuple[Column, ...])
        self.memory.save("data/profile.json", profile, TableProfile)
        facts = _facts(data, prepared.columns, split)
        write_json(folder / "prepared.json", {"removed": [asdict(r) for r in prepared.removed], "facts": asdict(facts)})
        files = ("columns.json", "profile.json", "prepared.json", "prepared/x.npy", "prepared/y.npy")
        written = [folder / n for n in (*files, "prepared/folds.npy", "prepared/table.json")]
        hashes = {str(p.relative_to(self.memory.folder)): sha256_of(p) for p in written}
        return {"facts": asdict(facts), "files": hashes}, written

    def _folds(self, prepared: Prepared, target: Target, split: Mapping[str, Any]) -> np.ndarray:
        frame = prepared.frame
        groups = levels_of(frame[split["group"]]).codes.astype(np.int64) if split["group"] else None
        time = time_values(frame, split["time"]) if split["time"] else None
        return cv_folds(
            prepared.y,
            classes=len(target.labels),
            groups=groups,
            time=time,
            duplicates=ties(duplicate_keys(frame, target.name)),
            seed=self.memory.request.seed,
        )


def _levels(column: Column) -> tuple[int, ...]:
    """Number of categories of each feature of a column, 0 for those that are no category."""
    return (len(column.categories),) if column.kind == "category" else (0,) * len(column.features)


def _roles(table: RawTable) -> list[str | None] | None:
    """The role of each row, where files were given as train and test."""
    roles = [f.role for f in table.files]
    return [roles[p] for p in table.part] if "test" in roles else None


def _facts(data: TrainingData, columns: tuple[Column, ...], split: Mapping[str, Any]) -> PreparedFacts:
    counts = np.bincount(data.y.astype(np.int64), minlength=data.classes) if data.classes else np.zeros(1, int)
    kinds = data.kinds
    deviation = data.y.std() or 1.0
    return PreparedFacts(
        rows=data.rows,
        features=data.x.shape[1],
        numbers=kinds.count("number"),
        categories=kinds.count("category"),
        counts=kinds.count("count"),
        classes=data.classes,
        max_categories=max(data.levels, default=0),
        smallest_class=int(counts.min()) if data.classes else 0,
        missing_share=float(np.isnan(data.x).mean()) if data.x.size else 0.0,
        target_skew=0.0 if data.classes else float((((data.y - data.y.mean()) / deviation) ** 3).mean()),
        target_positive=not data.classes and bool((data.y > 0).all()),
        time_ordered=split["time"] is not None,
        grouped=split["group"] is not None,
    )
