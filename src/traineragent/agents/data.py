"""The Data agent: reads, seals the hold-out, profiles what is left, finds leaks, cleans, and makes typed arrays."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from .. import registry
from ..data.choosing import check_operations
from ..data.coarsening import coarsened
from ..data.frames import write_frame
from ..data.happenings import counted, moments_of_log
from ..data.labels import gathered
from ..data.meaning import Reading, profile_columns, read_columns
from ..data.operations import row_texts
from ..data.rawtable import RawTable
from ..data.reading import read_table
from ..data.samewords import alike_texts
from ..data.selecting import LEFT_OUT, meets, selected
from ..data.split import Holdout, find_groups, find_time
from ..data.target import spelling_notes
from ..data.thresholds import cut_in_two
from ..data.timetable import arranged, below_one_another, counts_steps, counts_time, go_on, told_by_file
from ..domain.data import Target
from ..domain.messages import (
    DataCollected,
    DataDoubted,
    DataPrepared,
    DataRequested,
    LighterDataRequested,
    Message,
    TaskSpecified,
)
from ..domain.run import AgentName
from ..domain.selection import HELD, RowCondition, conditions_of, held_share
from ..domain.task import TaskSpec
from ..engine.checkpoints import Checkpoint
from ..engine.compute.local import WorkFailed
from ..errors import InputError
from ..language.flags import flag_columns
from ..language.happenings import counting_asked
from ..language.horizon import forecast_said, in_order_said
from ..language.kinds import wish_of
from ..language.reading import Reading as Words
from ..language.series import side_by_side
from ..language.stepping import step_asked
from ..language.thresholds import cut_asked
from ..ports import OperationSpec
from ..serve.manifest import file_sha256
from ..store.files import read_json, write_json
from .extras import TEXTS, fetch_networks, networks, text_encoder
from .hub import Outgoing
from .memory import Memory
from .ordering import end_of_texts

PATIENCE_S, PATIENCE_WITHOUT_BUDGET_S = 120.0, 3600.0
LIGHTER = "preparing the data failed, so it was prepared again from fewer rows or with less of them"
LAST = (
    "the score was measured on the end of the file, which differs from what stands before it; texts of yet another "
    "time or source may score lower"
)
MOST_TOLD = 150  # columns that a brain which reads is told of
TOLD = ("name", "meaning", "missing_share", "distinct", "relation", "leak", "leak_action", "excluded")
COLLECT: Mapping[str, OperationSpec] = {
    "read": OperationSpec({"max_rows": "integer?"}, "reads the sources into one table of text cells"),
}
SPLIT: Mapping[str, OperationSpec] = {
    "seal": OperationSpec(
        {"group": "string?", "time": "string?", "last": "boolean?"},
        "splits off the hold-out and seals it; rows of a group stay together; `last`: the texts at the end of the file",
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
            case LighterDataRequested(attempt=attempt, why=why):
                self.memory.say("extra", f"{LIGHTER}: {why}")
                return self._prepare(message, self.memory.task, attempt)
            case other:
                raise AssertionError(f"the data agent is not meant to get {type(other).__name__}")

    # ------------------------------------------------------------------ collecting
    def _collect(self, message: Message, sources: tuple[str, ...]) -> Outgoing:
        facts = {"sources": len(sources), "minutes": self.memory.request.minutes}
        for operation in self.memory.plan(self.name, "collect", facts, COLLECT, f"message-{message.id}"):
            self.memory.say("phase", "reading the data", phase="read")
            table = self._read(sources, operation.args.get("max_rows"))
        columns = profile_columns(table.frame, readings=self._readings(table))
        self.memory.say("read", f"{len(table.frame):,} rows, {table.frame.shape[1]} columns", notes=list(table.notes))
        if table.findings:
            (self.memory.folder / "data").mkdir(exist_ok=True)
            write_json(self.memory.folder / "data" / "collection.json", dict(table.findings))
        files = tuple(asdict(f) for f in table.files)
        collected = DataCollected(
            len(table.frame), columns, table.notes, files, table.kind, table.target, table.removed
        )
        return [("task", collected)]

    def _read(self, sources: tuple[str, ...], max_rows: int | None = None) -> RawTable:
        """The table as read; opened again from the sources after a restart, if they are still what they were."""
        if "table" not in self.memory.cache:
            table = read_table(sources, max_rows=max_rows, work=self.memory.folder / "data" / "unpacked")
            self._require_unchanged(table)
            self.memory.cache["table"] = self._arranged(table)
        found: RawTable = self.memory.cache["table"]
        return found

    def _arranged(self, table: RawTable) -> RawTable:
        """A table of which a forecast is asked, with a row for each series and moment; one of which several columns of
        yes and no are asked, with these as labels; one of which yes or no is asked about a number, with that."""
        request = self.memory.request
        reading = Words.of(request.words)
        if table.kind != "table":
            return table
        if not forecast_said(reading) or wish_of(reading) in ("flag", "choice"):
            return table if request.target is not None else self._answerable(table, reading)
        columns = read_columns(table.frame)
        in_order = (
            in_order_said(reading, len(columns))
            or (reading.said("tasks", "series") and any(counts_time(r) for r in columns.values()))
            or go_on(columns)
        )
        shaped = arranged(table, columns, in_order=in_order)
        shaped = told_by_file(shaped)
        if request.target is not None or shaped.target is not None:
            return shaped
        readings = read_columns(shaped.frame)
        profiles = profile_columns(shaped.frame, readings=readings)
        asked = counting_asked(reading, profiles, len(shaped.frame))
        if asked is not None and (when := moments_of_log(readings, asked.spoken)) is not None:
            return counted(shaped, readings, when, asked.step, asked.keys)
        if (step := step_asked(reading)) is not None:
            shaped = coarsened(shaped, readings, step)
        able = [c for c in profiles if not counts_steps(readings[c.name])]
        series = side_by_side(reading, able, len(shaped.frame))
        return below_one_another(shaped, series) if len(series) > 1 else shaped

    def _answerable(self, table: RawTable, reading: Words) -> RawTable:
        """The table with an answer that the words ask for and no column gives as it stands."""
        readings = self._readings(table)
        profiles = profile_columns(table.frame, readings=readings)
        flags = flag_columns(reading, profiles)
        cut = None if flags else cut_asked(reading, profiles)
        if not flags and cut is None:
            return table
        del self.memory.cache["readings"]  # of the table before
        return gathered(table, flags) if cut is None else cut_in_two(table, cut, readings)

    def _readings(self, table: RawTable) -> Mapping[str, Reading]:
        if "readings" not in self.memory.cache:
            self.memory.cache["readings"] = read_columns(table.frame)
        found: Mapping[str, Reading] = self.memory.cache["readings"]
        return found

    def _require_unchanged(self, table: RawTable) -> None:
        collected: DataCollected | None = self.memory.journal.last(DataCollected)
        if collected is None:
            return
        for before, file in zip(collected.files, table.files, strict=False):
            if before["sha256"] != file.sha256:
                raise InputError(
                    f"{file.name} changed since this run began; start a new run with the new data", file=file.name
                )

    # ------------------------------------------------------------------ perception
    def _perceive_split(self, table: RawTable, task: TaskSpec) -> dict[str, Any]:
        """What ties rows together or orders them: said in words, or plain from the data."""
        readings, target = self._readings(table), task.data_info.target or ""
        groups = find_groups(table.frame, target, readings)
        times = find_time(table.frame, target, readings)
        said = next((c.removeprefix("split:group:") for c in task.constraints if c.startswith("split:group:")), None)
        end = end_of_texts(table, task, readings) if task.task_type in TEXTS else None
        return {
            "end_ratio": end and end.ratio,
            "end_new": end and end.new,
            "end_usual": end and end.usual,
            "end_deviations": end and end.deviations,
            "line": self.memory.line.name,
            "rows": len(table.frame),
            "parts": any(f.role for f in table.files),
            "group_said": said or task.data_info.group,
            "group_found": next((g.column for g in groups if g.use), None),
            "group_evidence": next((g.evidence for g in groups if g.use), ""),
            "time_said": task.data_info.time or ("split:time" in task.constraints or None),
            "time_found": times[0].column if times else None,
        }

    def _encoder(self, task: TaskSpec) -> dict[str, Any] | None:
        """The smallest pretrained encoder of texts that there is, for a task of texts; None without one."""
        found, more = text_encoder(task, self.memory.request.models)
        if more:
            self.memory.say("extra", more)
        return None if found is None else asdict(found)

    def _perceive_pictures(self, task: TaskSpec) -> dict[str, Any]:
        """How large the pictures are, and which pretrained networks may look at them."""
        path = self.memory.folder / "data" / "collection.json"
        found = read_json(path) if path.exists() else {}
        sides = [found[key]["median"] for key in ("widths", "heights") if key in found]
        return {
            "picture_side": max(sides, default=0),
            "checkpoints": [asdict(c) for c in self._checkpoints(task)] if sides else [],
        }

    def _checkpoints(self, task: TaskSpec) -> list[Checkpoint]:
        """Pretrained networks for pictures; says what would bring more."""
        usual = str(self.memory.settings_of("data")["picture_repository"])
        fetch_networks(task, self.memory.request.models, usual, lambda words: self.memory.say("phase", words))
        found, more = networks(task, self.memory.request.models)
        if more:
            self.memory.say("extra", more)
        return found

    # ------------------------------------------------------------------ splitting and preparing
    def _prepare(self, message: Message, task: TaskSpec, attempt: int = 0) -> Outgoing:
        """`attempt`: how often preparing failed before; each time less is asked for."""
        key = f"message-{message.id}"
        self.memory.say("phase", "preparing the data", phase="prepare")
        split = self.memory.step("split", self.name, lambda: self._split(task, key))
        prepared = self.memory.step("prepare", self.name, lambda: self._make_typed(task, key, attempt))
        files = {**split["files"], **prepared["files"]}
        if doubts := prepared.get("doubts"):
            return [("task", DataDoubted(prepared["facts"], files, tuple(doubts)))]
        return [("model", DataPrepared(prepared["facts"], files))]

    def _split(self, task: TaskSpec, key: str) -> tuple[Any, list[Path]]:
        """Chooses how to split, seals the hold-out on disk and writes its hash into the journal."""
        table = self._with_copies(self._chosen(self._read(self.memory.request.data), task), task)
        facts = self._perceive_split(table, task)
        (operation,) = self.memory.plan(self.name, self.memory.line.question("split"), facts, SPLIT, key)
        time = operation.args.get("time")
        time = facts["time_found"] if time is True else time
        split = registry.at(self.memory.line.split)
        readings = self._readings(table)
        asked = conditions_of(task.constraints, [str(c) for c in table.frame.columns], HELD)
        more: dict[str, Any] = {"last": True} if operation.args.get("last") and facts["end_ratio"] is not None else {}
        if (share := held_share(task.constraints)) is not None:
            more["share"] = share
        holdout, target = split(
            table,
            task,
            parts=_roles_asked(asked, readings, len(table.frame)) if asked else _roles(table),
            group=operation.args.get("group"),
            time=time,
            seed=self.memory.request.seed,
            readings=readings,
            **more,
        )
        if asked:
            said = " and ".join(c.words for c in asked)
            given = holdout.how == "given"
            time = asked[0].column if given else time
            why = f"the {len(holdout.holdout):,} rows where {said}, as the words ask for it"
            holdout = replace(holdout, why=why if given else f"{holdout.why}; too few rows are such that {said}")
        elif "last" in more:
            holdout = replace(holdout, why=f"{holdout.why}: {operation.why}")
        lost = tuple(r for r in table.removed if r.what == LEFT_OUT)
        holdout = replace(holdout, removed=(*lost, *holdout.removed))
        written = self._seal(table, holdout, target, operation.args.get("group"), time)
        self._agree_metric(task, target)
        for used in ("table", "readings"):  # from here on the rows are in files
            self.memory.cache.pop(used)
        return {"files": {str(p.relative_to(self.memory.folder)): file_sha256(p) for p in written}}, written

    def _chosen(self, table: RawTable, task: TaskSpec) -> RawTable:
        """The rows that the words ask to learn from, all of them where they do not say."""
        conditions = conditions_of(task.constraints, [str(c) for c in table.frame.columns])
        if not conditions:
            return table
        table = selected(table, conditions, self._readings(table))
        del self.memory.cache["readings"]  # of all rows
        self.memory.say("phase", table.notes[-1])
        return table

    def _with_copies(self, table: RawTable, task: TaskSpec) -> RawTable:
        """The table with copies and near-copies of texts known as such, for a task of texts."""
        if task.task_type != "text_classification" or table.alike is not None:
            return table
        target = task.data_info.target
        columns = [n for n, r in self._readings(table).items() if r.meaning == "text" and n != target]
        return replace(table, alike=alike_texts(row_texts(table.frame, columns))) if columns else table

    def _seal(
        self, table: RawTable, holdout: Holdout, target: Target, group: str | None, time: str | None
    ) -> list[Path]:
        frame = table.frame
        folder = self.memory.folder / "data"
        folder.mkdir(exist_ok=True)
        sealed = folder / "holdout.parquet"
        write_frame(frame.iloc[holdout.holdout], sealed)
        write_frame(frame.iloc[holdout.train], folder / "train.parquet")
        np.savez_compressed(folder / "split.npz", train=holdout.train, holdout=holdout.holdout)
        if table.alike is not None:
            np.save(folder / "alike.npy", table.alike[holdout.train], allow_pickle=False)
        facts = {
            "how": holdout.how,
            "why": holdout.why,
            "group": group,
            "time": time,
            "facts": dict(holdout.facts),
            "train_rows": len(holdout.train),
            "holdout_rows": len(holdout.holdout),
            "straddling": holdout.straddling,
            "sha256": file_sha256(sealed),
            "removed": [asdict(r) for r in holdout.removed],
            "notes": [*spelling_notes(target), *([LAST] if holdout.how == "last" else [])],
        }
        write_json(folder / "split.json", facts)
        self.memory.save("data/target.json", target, Target)
        self.memory.journal.event("sealed", rows=len(holdout.holdout), sha256=facts["sha256"], how=holdout.how)
        names = ["holdout.parquet", "train.parquet", "split.npz", "split.json", "target.json"]
        names += ["alike.npy"] if table.alike is not None else []
        return [folder / n for n in names]

    def _agree_metric(self, task: TaskSpec, target: Target) -> None:
        """The metric candidates are compared by, for everyone in this run."""
        metric = self.memory.kind.search_metric(task.metric.name, len(target.labels))
        if target.several:  # labels are called at thresholds that are chosen last, so candidates are not judged by them
            metric = "log_loss"
        self.memory.journal.set_meta("metric", metric)
        self.memory.journal.set_meta("direction", self.memory.kind.direction(metric))

    def _make_typed(self, task: TaskSpec, key: str, attempt: int) -> tuple[Any, list[Path]]:
        """Profile, leaks, operations by the procedure, declarations, and the matrix that models learn from."""
        if attempt:  # what the failed work left
            shutil.rmtree(self.memory.folder / "data" / "prepared", ignore_errors=True)
        line, given = self.memory.line, {"task": task.to_json(), "seed": self.memory.request.seed}
        examined = self._work(line.examine, **given)
        catalogue: Mapping[str, OperationSpec] = registry.at(line.operations)
        kind, facts = line.question("prepare"), {**examined["facts"], "encoder": self._encoder(task)}
        facts |= {**self._perceive_pictures(task), "attempt": attempt}
        operations = self.memory.plan(self.name, kind, facts, catalogue, key, **_told(kind, facts, task))
        from ..report.wording import plural

        self.memory.say("prepared", f"{plural(examined['leaks'], 'leak')}, {plural(len(operations), 'operation')}")
        made = self._work(line.make, operations=[asdict(o) for o in operations], **given)
        written = [self.memory.folder / name for name in made["files"]]
        files = {name: file_sha256(self.memory.folder / name) for name in made["files"]}
        return {"facts": made["facts"], "files": files, "doubts": made.get("doubts", [])}, written

    def _work(self, function: str, **arguments: Any) -> Any:
        """A piece of the line's work, in the process that can be killed. Nothing can be delivered without it, so it
        may take longer than the budget, but not for ever."""
        patience = PATIENCE_S if self.memory.request.minutes else PATIENCE_WITHOUT_BUDGET_S
        try:
            given = {"folder": str(self.memory.folder), **arguments}
            return self.memory.compute.call(function, given, timeout_s=max(patience, self.memory.left_s))
        except WorkFailed as e:
            raise WorkFailed(f"the data could not be prepared: {e}", e.kind) from e
        except MemoryError as e:
            raise WorkFailed(f"the data could not be prepared: out of memory {e}".rstrip(), "memory") from e


def _told(kind: str, facts: Mapping[str, Any], task: TaskSpec) -> dict[str, Any]:
    """What a brain that reads is told of columns, which it may name, and what its choice is checked by: counts and
    measures, no value. Empty for data without columns to choose."""
    if kind != "prepare":
        return {}
    columns: Sequence[Mapping[str, Any]] = facts["columns"]
    return {
        "details": lambda: {
            "columns": [{name: c[name] for name in TOLD} for c in columns[:MOST_TOLD]],
            "more_columns": max(len(columns) - MOST_TOLD, 0),
            "target": task.data_info.target,
        },
        "choices": {"column": tuple(c["name"] for c in columns)},
        "check": lambda chosen: check_operations(chosen, columns),
    }


def _roles_asked(asked: Sequence[RowCondition], readings: Mapping[str, Reading], rows: int) -> list[str | None]:
    """The role of each row, where words say which are to be measured on."""
    return ["test" if held else "train" for held in meets(asked, readings, rows)]


def _roles(table: RawTable) -> list[str | None] | None:
    """The role of each row, where files were given as train and test."""
    roles = [f.role for f in table.files]
    return [roles[p] for p in table.part] if "test" in roles else None
