"""The Model agent: chooses candidates, trains and tunes while the budget lasts, selects what is worth delivering."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from .. import registry
from ..domain.messages import (
    Body,
    CandidatesRanked,
    DataPrepared,
    Message,
    ModelSelected,
    NothingMoreHelps,
    RequirementMissed,
    SearchRequested,
)
from ..domain.run import AgentName, Candidate, Measured, Operation, Selection, Trial, TrialResult
from ..engine.ensemble import Limits
from ..engine.proposals import check_candidate, fresh
from ..engine.search import Tunable, propose
from ..engine.shrink import shrink
from ..errors import InvalidAnswer, TrainerError
from ..ports import ANSWERED, OperationSpec
from ..store.files import read_json
from .askedmodels import allowed, asked_for, require_fit, within
from .experiments import Experiments
from .features import Features
from .hub import Outgoing
from .learning import recalled
from .memory import Memory
from .refining import portfolio_after

CATALOGUE: Mapping[str, OperationSpec] = {
    "try": OperationSpec(
        {"family": "string", "params": "object?", "share": "number?"}, "puts a candidate into the portfolio"
    ),
    "tune": OperationSpec({"family": "string"}, "lets the search vary this family's parameters"),
    "train_next": OperationSpec({}, "trains the next candidate of the portfolio, or a tuned one"),
    "deliver_first": OperationSpec({}, "hands the first model over, so that something servable exists"),
    "last_resort": OperationSpec(
        {"family": "string"}, "trains a family that is quick, because nothing is servable yet"
    ),
    "stop": OperationSpec({}, "ends the search and selects under the limits"),
    "tighten": OperationSpec(
        {"margin": "number"},
        "selects a lighter model, such that what was measured comes within this share of the limits",
    ),
    "search_more": OperationSpec({}, "spends the time that is left on further candidates"),
    "give_up": OperationSpec({}, "says that nothing more helps"),
}
MOST_CANDIDATES = 40
LEAST_MARGIN, MOST_MARGIN = 0.3, 0.98
JUDGED_S, FEWEST_CPU_S = 60.0, 1.0  # of the last trials, by which it is told how busy the machine is
OFFERS_S = 60.0  # to import the families on a busy machine
FASTER = ("latency_ms_p50", "latency_ms_p95", "latency_ms_p99", "throughput_rows_s")
SMALLER = ("size_mb", "memory_mb", "parameters_m")


class ModelAgent:
    name: ClassVar[AgentName] = "model"

    def __init__(self, memory: Memory, profile: str) -> None:
        self.memory, self.profile = memory, profile
        self._acts: Mapping[str, Callable[..., Outgoing]] = {
            "tighten": self._tighten,
            "search_more": self._search_more,
            "give_up": self._give_up,
        }

    def handle(self, message: Message) -> Outgoing:
        match message.body:
            case DataPrepared():
                Features(self.memory, self._interpretable).consider()
                self._rank(message)
                return self._search(message, round=0)
            case SearchRequested(round=round):
                return self._search(message, round=round)
            case RequirementMissed() as missed:
                return self._repair(message, missed)
            case other:
                raise AssertionError(f"the model agent is not meant to get {type(other).__name__}")

    # ------------------------------------------------------------------ perception
    def perceive(self, round: int) -> dict[str, Any]:
        """Where the search stands: what was tried, what it gave, how much is left."""
        trials = self.memory.journal.trials()
        scores = [t.score for t in trials if t.status in ("done", "timeout") and t.score is not None]
        best = max(scores, default=None)
        resorts = sum(t.candidate.origin == "last resort" for t in trials)
        return {
            **self.memory.facts,
            "round": round,
            "trials": len(trials),
            "trials_asked": self._trials_asked,
            "by_number": self._by_number,
            "usable": len(scores),
            "resorts": resorts,
            "last_resort": next(iter(self.memory.line.last_resorts[resorts:]), None),
            "failed": sum(t.status == "failed" for t in trials),
            "best": best,
            "since_gain": _since_gain(trials),
            "perfect": best is not None and best >= self._perfect,
            "portfolio": len(self.portfolio),
            "seconds_left": self.search_left_s(round),
            "limits": len(self.memory.task.requirements),
            "delivered_first": bool(self.memory.journal.messages("ModelSelected")),
            "reselect": self.memory.journal.meta("reselect") == "yes",
        }

    @property
    def _perfect(self) -> float:
        return 0.0 if self.memory.journal.meta("direction") == "minimize" else 1.0

    def search_left_s(self, round: int) -> float:
        """Seconds the search may still take: the budget less what delivery needs, less a part kept for repairs."""
        settings = self._settings
        rows = self.memory.facts["rows"]
        reserve = settings["delivery_s"] + settings["delivery_s_per_100k_rows"] * rows / 1e5 + self._hold_out_s
        reserve += settings["asking_s"] if self.memory.brain.slow else 0.0
        end = self.memory.total_s - min(reserve * self._slowness, 0.5 * self.memory.total_s)
        if round <= 1 and self.memory.task.requirements:
            end *= settings["first_share_with_limits"]
        return float(end - self.memory.journal.clock_s)

    @property
    def _hold_out_s(self) -> float:
        """Seconds that the dearest model so far would take for the sealed rows."""
        dearest = max((t.predict_us for t in self.memory.journal.trials() if t.score is not None), default=0.0)
        split = self.memory.folder / "data" / "split.json"
        sealed = read_json(split).get("holdout_rows", 0) if dearest and split.exists() else 0
        return float(self._settings["sealed_rows_answered"] * sealed * dearest / 1e6)

    @property
    def _slowness(self) -> float:
        """How much longer work takes than on an idle machine, as delivery will: by the first export, and by how much of
        a processor the last trials got."""
        settings = self._settings
        ratios = [1.0, _waiting(self.memory.journal.trials())]
        selected, exported = (self.memory.journal.events(kind)[:1] for kind in ("selected", "exported"))
        if selected and exported:
            ratios.append((exported[0]["clock_s"] - selected[0]["clock_s"]) / settings["first_export_s"])
        return float(min(max(ratios), settings["most_slowness"]))

    @property
    def _settings(self) -> Mapping[str, Any]:
        return self.memory.settings_of(self.name)

    @property
    def portfolio(self) -> tuple[Candidate, ...]:
        ranked: CandidatesRanked | None = self.memory.journal.last(CandidatesRanked)
        return ranked.candidates if ranked else ()

    # ------------------------------------------------------------------ planning and action: the portfolio
    def _rank(self, message: Message) -> None:
        """Asks which candidates to try, in what order; those the constraints rule out are left out, with the reason."""
        if self.portfolio:
            return
        facts = {
            **self.memory.facts,
            "interpretable": self._interpretable,
            "minutes": self.memory.total_s / 60,
            "by_number": self._by_number,
            "size_limit_mb": self.memory.task.limit("size_mb"),
            "latency_limit_ms": self._latency_limit_ms,
        }
        chosen, why = [], []
        require_fit(self.memory, self._learns)
        operations = self.memory.plan(
            self.name,
            self._portfolio_question,
            facts,
            CATALOGUE,
            f"message-{message.id}",
            details=lambda: self._families_told(facts),
            choices={"family": registry.names("families")},
            check=self._check_candidates,
            worded="candidates",
        )
        offers = self._offers([o.args["family"] for o in operations if o.do == "try"])
        for operation in operations:
            if operation.do == "try" and self._suits(offers[operation.args["family"]]):
                share = float(operation.args.get("share") or 0.25)
                chosen.append(Candidate(operation.args["family"], operation.args.get("params") or {}, share=share))
                why.append(operation.why)
        named = asked_for(self.memory, chosen, self._learns)
        chosen, why = [*chosen, *named], [*why, *("asked for in words" for _ in named)]
        if not chosen:
            raise TrainerError("no model family suits the data and the constraints; relax one of them")
        taken_out = self.memory.families_taken_out.get(self._portfolio_question, frozenset())
        chosen, why = recalled(self.memory, chosen, why, unwanted=taken_out)
        chosen, why = portfolio_after(self.memory, *within(self.memory, chosen, why))
        self.memory.journal.post([(self.name, "person", CandidatesRanked(tuple(chosen), tuple(why)))])

    def _families_told(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """For a brain that reads: the families that suit, with what may be set, and the task."""
        offers = self._offers(registry.names("families"))
        suited = {n: o for n, o in offers.items() if self._suits(o)}
        return {
            "spaces": {n: dict(o["space"]) for n, o in suited.items()},
            "metric": self.memory.journal.meta("metric"),
            "limits": [r.words for r in self.memory.task.requirements],
        }

    def _check_candidates(self, operations: Sequence[Operation]) -> None:
        """Raises InvalidAnswer for a portfolio that cannot be tried; what the procedure names is tried as it stands."""
        tries = [o for o in operations if o.do == "try"]
        if not tries or len(tries) > MOST_CANDIDATES:
            raise InvalidAnswer(f"a portfolio has 1 to {MOST_CANDIDATES} candidates, chosen with try or planned")
        if len(tries) < len(operations):
            raise InvalidAnswer("only candidates are asked for: use try and planned")
        if len(fresh(tries, ())) < len(tries):
            raise InvalidAnswer("a candidate is in the portfolio twice")
        for operation in (o for o in tries if o.step == ANSWERED):
            check_candidate(operation, self._offers(registry.names("families")), self._interpretable)

    @property
    def _portfolio_question(self) -> str:
        """The section of the procedure that knows candidates for this kind of task."""
        own: str = getattr(self.memory.kind, "portfolio", "")
        return own or self.memory.line.question("candidates")

    @property
    def _latency_limit_ms(self) -> float | None:
        names = ("latency_ms_p95", "latency_ms_p50", "latency_ms_p99")
        return min((r.limit for r in self.memory.task.requirements if r.name in names), default=None)

    @property
    def _interpretable(self) -> bool:
        return "interpretable" in self.memory.task.constraints

    def _offers(self, families: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
        """What each family says of itself for this data; asked where trials run, so that none is imported here."""
        known = self.memory.cache.setdefault("offers", {})
        asked = [f for f in dict.fromkeys(families) if f not in known]
        if asked:
            arguments = {
                "data": str(self.memory.folder / "data" / "prepared"),
                "metric": self.memory.journal.meta("metric") or "",
                "families": asked,
            }
            known.update(
                self.memory.compute.call(
                    self.memory.line.offers, arguments, timeout_s=max(OFFERS_S, self.memory.left_s)
                )
            )
        return {n: {**o, "suits": o["suits"] and allowed(self.memory, n)} for n, o in known.items()}

    def _learns(self, family: str) -> bool:
        return self._suits(self._offers([family])[family])

    def _suits(self, offer: Mapping[str, Any]) -> bool:
        return bool(offer["suits"]) and (bool(offer["card"]["interpretable"]) or not self._interpretable)

    # ------------------------------------------------------------------ planning and action: the search
    def _search(self, message: Message, round: int) -> Outgoing:
        """The loop: perceive, plan one step, act, until the plan says stop. Every trial is in the journal at once."""
        while True:
            facts = self.perceive(round)
            if self.experiments.consider(facts, self._families, waits=self._by_number):
                self.memory.journal.set_meta("search_ended", "yes")
                return self._deliver(self._select(), round, provisional=False)
            key = f"message-{message.id}/trial-{facts['trials']}"
            operations = self.memory.plan(self.name, self.memory.line.question("next"), facts, CATALOGUE, key)
            do = operations[0].do if operations else "stop"
            if do == "train_next":
                candidate = self._next_candidate(facts["trials"])
                if candidate is not None:
                    self._train(Trial(facts["trials"], candidate, self._time_limit(candidate)), facts)
                    continue
                do = "stop"
            if do == "last_resort":
                self._last_resort(facts, operations[0].args["family"])
                continue
            if do == "deliver_first":
                return self._deliver(self._select(), round, provisional=True)
            self.memory.journal.set_meta("search_ended", "yes")
            return self._deliver(self._select(), round, provisional=False)

    def _last_resort(self, facts: Mapping[str, Any], family: str) -> None:
        """Trains `family` though the time is up, because nothing servable exists."""
        trial = Trial(facts["trials"], Candidate(family, origin="last resort"))
        self.memory.say("trial", f"{family}, as a last resort", phase="training")
        final = family == self.memory.line.last_resorts[-1]
        timeout_s = self._settings["final_resort_s" if final else "last_resort_s"]
        self.memory.journal.add_trial(self.memory.compute.run(trial, timeout_s=timeout_s))

    def _next_candidate(self, number: int) -> Candidate | None:
        proposed = self.experiments.candidate(number)
        if proposed is not None:
            return proposed
        trials = self.memory.journal.trials()
        seed = self.memory.request.seed
        return propose(trials, self.portfolio, self._tunable(), seed=seed, trials=self._trials_asked)

    @property
    def _trials_asked(self) -> int | None:
        """How many trials there may be in all; those that a follow-up has ruled out do not count."""
        asked, trials = self.memory.request.trials, self.memory.journal.trials()
        return None if asked is None else asked + sum(not allowed(self.memory, t.candidate.family) for t in trials)

    @property
    def _families(self) -> list[str]:
        return [f for f in dict.fromkeys(c.family for c in self.portfolio) if allowed(self.memory, f)]

    @cached_property
    def experiments(self) -> Experiments:
        return Experiments(self.memory, self._offers, self._interpretable)

    def _tunable(self) -> list[Tunable]:
        """Families of the portfolio with the parameters worth varying on this data."""
        names = self._families
        spaces = {n: self._offers(names)[n]["space"] for n in names}
        return [Tunable(n, s) for n, s in spaces.items() if s]

    @property
    def _by_number(self) -> bool:
        """A number of trials was asked for and no time: then time decides nothing, and the same seed gives the same
        model again, however busy the machine is and however often the run was interrupted."""
        request = self.memory.request
        return request.trials is not None and not request.minutes and self.memory.task.limit("train_minutes") is None

    def _time_limit(self, candidate: Candidate) -> float | None:
        """Seconds a candidate may take. Where a number was asked for, only one that hangs is ended."""
        if self._by_number:
            return 60.0 * float(self._settings["most_minutes_a_trial"])
        if self.memory.request.trials is not None:
            return None
        return max(2.0, candidate.share * self.memory.total_s)

    def _train(self, trial: Trial, facts: Mapping[str, Any]) -> None:
        left = float(facts["seconds_left"])
        limit = left if trial.time_limit_s is None else trial.time_limit_s
        if not self._by_number:
            limit = min(left, limit)
        if not facts["usable"]:  # a model found late is worth more than the time kept back to deliver none
            limit = max(limit, min(self._settings["first_model_s"], 0.4 * self.memory.left_s))
        asked = self._trials_asked
        progress = {"done": trial.index, "of": asked or max(facts["portfolio"], trial.index + 1)}
        words = f"{trial.candidate.family} {_brief(trial.candidate.params)}".strip()
        self.memory.say("trial", words, phase="training", seconds_left=round(self.memory.left_s, 1), **progress)
        result = self.memory.compute.run(trial, timeout_s=max(limit, 1.0))
        self.memory.journal.add_trial(result)
        self._say_best(result)

    def _say_best(self, result: TrialResult) -> None:
        scores = [t.score for t in self.memory.journal.trials() if t.score is not None and t.status != "failed"]
        minimize, metric = self.memory.journal.meta("direction") == "minimize", self.memory.journal.meta("metric")
        best = max(scores, default=None)
        shown = None if best is None else -best if minimize else best
        kind = "trial_failed" if result.status == "failed" else "tick"
        note = f"{result.candidate.family}: {result.note}" if result.status == "failed" else ""
        self.memory.say(kind, note, best=shown, metric=metric, trial=result.index, status=result.status)

    # ------------------------------------------------------------------ planning and action: the selection
    def _select(self, relaxed: bool = False) -> Selection:
        """The best selection within the limits; `relaxed` leaves size and latency to what comes after."""
        trials = [t for t in self.memory.journal.trials() if t.status in ("done", "timeout") and t.score is not None]
        trials = [t for t in trials if allowed(self.memory, t.candidate.family)] or trials
        if not trials:
            notes = [f"{t.candidate.family}: {t.note}" for t in self.memory.journal.trials()]
            raise TrainerError(f"no candidate could be trained in the time given ({'; '.join(notes[-3:])})")
        choose = registry.at(self.memory.line.select)
        selection: Selection = choose(
            self.memory.folder,
            trials,
            metric=self.memory.journal.meta("metric") or "",
            limits=replace(self.limits, size_mb=None, latency_us=None) if relaxed else self.limits,
            seed=self.memory.request.seed,
            interpretable=lambda family: bool(self._offers([family])[family]["card"]["interpretable"]),
        )
        return selection

    @property
    def limits(self) -> Limits:
        """What a selection must keep to: the stated limits less the price of serving, or sensible ceilings."""
        said = self.memory.journal.meta("limits")
        if said:
            return replace(Limits(), **json.loads(said))
        settings, task = self._settings, self.memory.task
        latency = None if self._by_number else settings["default_latency_us"]  # a clock is never the same twice
        size = settings["default_size_mb"]
        if self._latency_limit_ms is not None:
            latency = min(latency or np.inf, 1e3 * settings["model_share_of_latency"] * self._latency_limit_ms)
        size_asked = task.limit("size_mb")
        if size_asked is not None:
            around = settings["bundle_mb_around_model"]
            size = min(size, max(settings["model_share_of_size"] * size_asked - around, 0.25 * size_asked))
        usual = self._latency_limit_ms is None and size_asked is None
        most = 1 if "single_model" in task.constraints else settings["most_members"]
        return Limits(size, latency, self._interpretable, most, usual)

    def _deliver(self, selection: Selection, round: int, provisional: bool) -> Outgoing:
        before: ModelSelected | None = self.memory.journal.last(ModelSelected)
        if before is not None and not provisional and before.selection.members == selection.members:
            measured_fully = not before.provisional
            if measured_fully:
                return [("task", NothingMoreHelps("the search found nothing better than what is exported"))]
        trials = len(self.memory.journal.trials())
        self.memory.say("selected", selection.why, members=[asdict(m) for m in selection.members])
        return [("server", ModelSelected(selection, trials, round, provisional))]

    # ------------------------------------------------------------------ planning and action: repairs
    def _repair(self, message: Message, missed: RequirementMissed) -> Outgoing:
        facts = self._perceive_miss(missed)
        operations = self.memory.plan(
            self.name,
            self.memory.line.question("repair"),
            facts,
            CATALOGUE,
            f"message-{message.id}",
            details=lambda: {"missed": [_told(m) for m in missed.measured if not m.met]},
            check=_check_repair,
            worded="repair",
        )
        out: list[tuple[str, Body]] = []
        for operation in operations:
            out += self._acts[operation.do](message, missed, **operation.args)
        return out or self._give_up(message, missed)

    def _perceive_miss(self, missed: RequirementMissed) -> dict[str, Any]:
        """By how much each kind of limit was missed: 1 is just met, 2 is twice too slow or too big."""
        over = {m.name: _excess(m) for m in missed.measured if not m.met}
        scores = [n for n in over if n not in (*FASTER, *SMALLER, "train_minutes")]
        last: ModelSelected = self.memory.journal.last(ModelSelected)
        return {
            **self.perceive(missed.round),
            "too_slow": max((over[n] for n in over if n in FASTER), default=0.0),
            "too_big": max((over[n] for n in over if n in SMALLER), default=0.0),
            "too_inaccurate": scores,
            "members": len(last.selection.members),
        }

    def _tighten(self, message: Message, missed: RequirementMissed, margin: float) -> Outgoing:
        """Selects again under the limits that the measurement calls for, and gives up fold models where that is not
        enough. Falls back to more search when even one model of the best member is too much."""
        last: ModelSelected = self.memory.journal.last(ModelSelected)
        trials = {t.index: t for t in self.memory.journal.trials()}
        graph = read_json(self.memory.folder / "data" / "graph.json")
        used = [trials[m.trial] for m in last.selection.members]
        scales = {
            "size_scale": graph["size_mb"] / max(sum(t.size_mb for t in used), 1e-6),
            "latency_scale": graph["us_per_row_1"] / max(sum(t.predict_us for t in used), 1e-6),
        }
        limits = self._tightened(missed, graph, margin)
        self.memory.journal.set_meta("limits", json.dumps(asdict(limits)))
        lighter = [
            found.selection
            for chosen in (self._select(), self._select(relaxed=True))
            if (found := shrink(chosen, trials, size_mb=limits.size_mb, latency_us=limits.latency_us, **scales))
        ]
        best = max(lighter, key=lambda s: s.score, default=None)
        if best is None or best.members == last.selection.members:
            return self._search_more(message, missed)
        return self._deliver(best, missed.round, provisional=False)

    def _tightened(self, missed: RequirementMissed, graph: Mapping[str, Any], margin: float) -> Limits:
        """What the model alone may cost: the stated limits with a margin, less what was measured around the model."""
        limits = self.limits
        for m in missed.measured:
            if m.met or m.measured is None:
                continue
            if m.name.startswith("latency_ms"):
                around_us = max(1e3 * m.measured - graph["us_per_row_1"], 0.0)
                if around_us >= 1e3 * m.limit:  # what lies around the model is too slow already: no lighter one helps
                    continue
                allowed = max(margin * 1e3 * m.limit - around_us, 0.05 * graph["us_per_row_1"])
                limits = replace(limits, latency_us=min(limits.latency_us or allowed, allowed))
            elif m.name == "throughput_rows_s":
                allowed = margin * graph["us_per_row_1"] * m.measured / m.limit
                limits = replace(limits, latency_us=min(limits.latency_us or allowed, allowed))
            elif m.name in SMALLER:
                allowed = margin * graph["size_mb"] * m.limit / m.measured
                limits = replace(limits, size_mb=min(limits.size_mb or allowed, allowed))
        return limits

    def _search_more(self, message: Message, missed: RequirementMissed) -> Outgoing:
        if self.search_left_s(missed.round) <= 0:
            return self._give_up(message, missed)
        return self._search(message, missed.round)

    def _give_up(self, message: Message, missed: RequirementMissed) -> Outgoing:
        return [("task", NothingMoreHelps(f"no candidate comes nearer to {', '.join(missed.names)} in the time left"))]


def _told(missed: Measured) -> dict[str, Any]:
    """A missed limit for a brain that reads."""
    bound = "at most" if missed.direction == "<=" else "at least"
    return {"name": missed.name, "limit": f"{bound} {missed.limit:g}", "measured": missed.measured}


def _check_repair(operations: Sequence[Operation]) -> None:
    """Raises InvalidAnswer unless it is one way to mend what was missed, that leaves something to select from."""
    if len(operations) != 1 or operations[0].do not in ("tighten", "search_more", "give_up"):
        raise InvalidAnswer("choose one of tighten, search_more and give_up")
    margin = operations[0].args.get("margin")
    if margin is not None and not LEAST_MARGIN <= margin <= MOST_MARGIN:
        raise InvalidAnswer(f"tighten: margin lies between {LEAST_MARGIN} and {MOST_MARGIN}, got {margin}")


def _waiting(trials: Sequence[TrialResult]) -> float:
    """Seconds for each second of a processor, in the last trials; 1 while too few are known to tell."""
    seconds = cpu_s = 0.0
    for trial in reversed(trials):
        if trial.cpu_s > 0 and seconds < JUDGED_S:
            seconds, cpu_s = seconds + trial.seconds, cpu_s + trial.cpu_s
    return seconds / cpu_s if cpu_s >= FEWEST_CPU_S else 1.0


def _since_gain(trials: Sequence[TrialResult]) -> int:
    """Trials since the best score last rose."""
    best, since = None, 0
    for t in trials:
        since += 1
        if t.score is not None and t.status != "failed" and (best is None or t.score > best):
            best, since = t.score, 0
    return since


def _excess(m: Measured) -> float:
    if m.measured is None or m.limit <= 0 or m.measured <= 0:
        return 0.0
    return m.measured / m.limit if m.direction == "<=" else m.limit / m.measured


def _brief(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in list(params.items())[:4])
