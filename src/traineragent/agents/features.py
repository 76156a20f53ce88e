"""The Model agent's generated features, where a person allowed code: asked for, run in the sandbox, judged, kept.

Functions come from a brain that writes, or from a procedure of the user's. What is kept is an expression at the end of
the prepared matrix. Every proposal and what became of it is journaled, so a resumed run asks and judges nothing twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..domain.run import Operation
from ..engine.compute.local import WorkFailed
from ..errors import InvalidAnswer
from ..ports import ANSWERED, OperationSpec
from ..store.files import read_json
from ..store.journal import Decision
from .memory import Memory

CATALOGUE: Mapping[str, OperationSpec] = {
    "propose_feature": OperationSpec(
        {"name": "string", "source": "string"},
        "a function feature(columns) in Python with numpy as np, that gives one number a row",
    ),
    "no_feature": OperationSpec({}, "proposes none"),
}
LINE = "rows"
STEP = "features/"
ENGINE = "traineragent.engine.features"
STRONGEST = "traineragent.sandbox.box:strongest"
ONLY_LIMITS = "limits"
LONGEST_SOURCE, LONGEST_NAME = 6000, 60
LEAST_S, PATIENCE_S, UNTIMED_S = 20.0, 60.0, 1800.0
PARAMS = {"rounds": 100, "learning_rate": 0.1, "patience": 0}


class Features:
    """`interpretable`: only models that can be read are allowed, so features are judged by such a one."""

    def __init__(self, memory: Memory, interpretable: bool) -> None:
        self._memory, self._interpretable = memory, interpretable

    def consider(self) -> None:
        """Asks for features and puts those that help into the prepared data; nothing where no code is allowed. They
        are an extra: where their work fails, the run goes on without."""
        if not self._memory.request.allow_code or self._memory.line.name != LINE:
            return
        try:
            self._consider()
        except WorkFailed as error:
            self._memory.say("features_failed", f"no generated features: {error}")

    def _consider(self) -> None:
        memory = self._memory
        if memory.journal.trials() and memory.journal.step(f"{STEP}tier") is None:
            return  # a follow-up that takes over trials takes over their columns
        tier = memory.step(f"{STEP}tier", "model", lambda: (self._call(STRONGEST, {}), []))
        if tier == ONLY_LIMITS and not memory.request.allow_unsandboxed_code:
            self._refuse()
            return
        kept: list[Mapping[str, Any]] = []
        for round in range(int(memory.settings_of("model")["feature_rounds"])):
            judged = self._round(round, tier)
            kept += [j for j in judged if j["kept"]]
            self._ensure(kept)
            if not any(j["kept"] for j in judged):
                break

    def _refuse(self) -> None:
        why = "this machine can only limit time and memory, so no code of others is run; --allow-unsandboxed-code does"
        said = Decision("model", "sandbox", "features: none", why, {"tier": ONLY_LIMITS})
        self._memory.journal.decide(f"{STEP}refused", said)
        self._memory.step(f"{STEP}refused", "model", lambda: (why, []))

    # ------------------------------------------------------------------ one round
    def _round(self, round: int, tier: str) -> Sequence[Mapping[str, Any]]:
        memory, key = self._memory, f"{STEP}{round}"
        proposals = memory.step(f"{key}/proposed", "model", lambda: (self._asked(round, tier), []))
        if not proposals:
            return []
        names = ", ".join(p["name"] for p in proposals)
        memory.say("phase", f"trying features: {names}", phase="training")
        judged: Sequence[Mapping[str, Any]] = memory.step(
            f"{key}/judged", "model", lambda: (self._judged(proposals, tier), [])
        )
        memory.journal.decide_all(
            {
                f"{key}/{j['name']}": Decision(
                    "model",
                    "validation",
                    f"feature {j['name']}: {'kept' if j['kept'] else 'dropped'}",
                    j["reason"],
                    {"gain": j["gain"], "sure": j["sure"], "tier": tier},
                )
                for j in judged
            }
        )
        return judged

    def _asked(self, round: int, tier: str) -> list[dict[str, Any]]:
        memory = self._memory
        facts = {
            **memory.facts,
            "round": round,
            "tier": tier,
            "seconds_left": float(f"{memory.left_s:.1f}"),
            "kept": sum(j["kept"] for j in self._earlier(round)),
        }
        operations = memory.plan(
            "model",
            "features",
            facts,
            CATALOGUE,
            f"{STEP}{round}",
            details=lambda: self._told(round),
            check=lambda operations: self._check(operations, {j["name"] for j in self._earlier(round)}),
        )
        by, known = memory.brain.name, {j["source"] for j in self._earlier(round)}
        return [
            {**o.args, "why": o.why, "by": by if o.step == ANSWERED else "procedure"}
            for o in operations
            if o.do == "propose_feature" and o.args["source"] not in known
        ]

    def _earlier(self, round: int) -> list[Mapping[str, Any]]:
        steps = (self._memory.journal.step(f"{STEP}{r}/judged") for r in range(round))
        return [j for step in steps if step is not None for j in step["result"]]

    def _told(self, round: int) -> dict[str, Any]:
        """For a brain that writes: the columns by names and measures, and what became of earlier functions."""
        memory = self._memory
        earlier = [{k: j[k] for k in ("name", "formula", "gain", "kept", "reason")} for j in self._earlier(round)]
        return {
            **self._call(f"{ENGINE}:describe", {"folder": str(memory.folder)}),
            "target": memory.task.data_info.target,
            "task": memory.task.task_type,
            "metric": memory.journal.meta("metric"),
            "earlier": earlier,
            "most": int(memory.settings_of("model")["most_features"]),
        }

    def _check(self, operations: Sequence[Operation], taken: Collection[str]) -> None:
        """Raises InvalidAnswer for what cannot even be tried."""
        most = int(self._memory.settings_of("model")["most_features"])
        proposed = [o.args for o in operations if o.do == "propose_feature"]
        if len(proposed) > most:
            raise InvalidAnswer(f"at most {most} features at a time")
        names = [str(p["name"]) for p in proposed]
        new = [str(o.args["name"]) for o in operations if o.do == "propose_feature" and o.step == ANSWERED]
        if len(set(names)) < len(names) or set(new) & set(taken):
            raise InvalidAnswer("two features have the same name; give a new one another")
        for proposal in proposed:
            if not proposal["name"].isidentifier() or len(proposal["name"]) > LONGEST_NAME:
                raise InvalidAnswer(f"{proposal['name']!r} is no name for a feature: letters, digits and underscores")
            if "def feature(" not in proposal["source"] or len(proposal["source"]) > LONGEST_SOURCE:
                raise InvalidAnswer(f"the source defines feature(columns) in at most {LONGEST_SOURCE} characters")

    # ------------------------------------------------------------------ judging
    def _judged(self, proposals: Sequence[Mapping[str, Any]], tier: str) -> list[dict[str, Any]]:
        memory, settings = self._memory, self._memory.settings_of("model")
        by_time = memory.request.minutes or memory.request.trials is None
        seconds = max(LEAST_S, settings["feature_share"] * memory.total_s) if by_time else UNTIMED_S
        arguments = {
            "folder": str(memory.folder),
            "proposals": [{k: p[k] for k in ("name", "source", "why")} for p in proposals],
            "metric": memory.journal.meta("metric"),
            "family": "linear" if self._interpretable else settings["feature_judge"],
            "params": {} if self._interpretable or settings["feature_judge"] != "lightgbm" else PARAMS,
            "tier": tier,
            "sure": settings["feature_sureness"],
            "seed": memory.request.seed,
            "threads": 1,
            "seconds": seconds,
        }
        try:
            judged = self._call(f"{ENGINE}:judge", arguments, seconds + PATIENCE_S)["judged"]
        except WorkFailed as error:  # features are an extra: without them the run goes on
            judged = [_lost(p, str(error)) for p in proposals]
        return [{**j, "by": p["by"]} for j, p in zip(judged, proposals, strict=True)]

    def _ensure(self, kept: Sequence[Mapping[str, Any]]) -> None:
        """Makes the prepared matrix end with just these features."""
        table = read_json(self._memory.folder / "data" / "prepared" / "table.json")
        there = [d for d in table["derived"] if isinstance(d, dict)]
        wanted = [{"name": k["name"], "steps": [list(s) for s in k["steps"]]} for k in kept]
        if there != wanted:
            self._call(f"{ENGINE}:apply", {"folder": str(self._memory.folder), "kept": wanted})

    def _call(self, function: str, arguments: Mapping[str, Any], seconds: float = PATIENCE_S) -> Any:
        return self._memory.compute.call(function, arguments, timeout_s=seconds)


def features_told(memory: Memory) -> dict[str, Any]:
    """What a report says of generated features; empty where none were allowed."""
    if not memory.request.allow_code:
        return {}
    tier, refused = (memory.journal.step(f"{STEP}{name}") for name in ("tier", "refused"))
    judged: list[Any] = []
    while (step := memory.journal.step(f"{STEP}{len(judged)}/judged")) is not None:
        judged.append(step["result"])
    found = [j for one in judged for j in one]
    return {
        "tier": tier["result"] if tier else None,
        "unsandboxed_allowed": memory.request.allow_unsandboxed_code,
        "refused": refused["result"] if refused else "",
        "judged": [{k: v for k, v in j.items() if k != "steps"} for j in found],
    }


def _lost(proposal: Mapping[str, Any], why: str) -> dict[str, Any]:
    nothing = {"kept": False, "reason": f"it could not be judged: {why}", "gain": None, "sure": None}
    return {
        **{k: proposal[k] for k in ("name", "source", "why")}, **nothing,
        "fold_gains": [], "formula": "", "steps": [],
    }  # fmt: skip
