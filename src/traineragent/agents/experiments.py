"""The Model agent's next experiments: now and then a brain that reads sees the leaderboard and may propose candidates.

Asked while trials go on, so that a slow model costs the search no time; where a number of trials decides and time does
not, the search waits, so that it is the same search again. What is proposed is journaled with its place in the search.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..domain.run import Candidate, Operation, TrialResult
from ..engine.proposals import check_candidate, fresh
from ..errors import InvalidAnswer
from ..ports import OperationSpec
from .memory import Memory

CATALOGUE: Mapping[str, OperationSpec] = {
    "try": OperationSpec({"family": "string", "params": "object?"}, "trains this candidate next"),
    "leave_to_search": OperationSpec({}, "proposes nothing; the automatic search goes on"),
    "stop": OperationSpec({}, "ends the search, because nothing more is to be gained"),
}
MOST_PROPOSALS = 5
SHOWN_TRIALS = 14
LEAST_LEFT_S = 5.0
STEP = "experiments/"

Offers = Callable[[Sequence[str]], Mapping[str, Mapping[str, Any]]]


class Experiments:
    """`offers` tells what families say of themselves for this data."""

    def __init__(self, memory: Memory, offers: Offers, interpretable: bool) -> None:
        self._memory, self._offers, self._interpretable = memory, offers, interpretable

    def consider(self, facts: Mapping[str, Any], families: Sequence[str], waits: bool) -> bool:
        """Asks when it is time, and takes an answer that has come. True when the answer is to stop the search.
        `waits`: the search stands still until the answer is there."""
        if not self._memory.brain.slow:
            return False
        done = self._rounds()
        key = f"{STEP}{len(done)}"
        if not self._due(facts, done):
            return False
        asked: dict[str, Any] = {
            "choices": {"family": tuple(families)},
            "check": self._checking(families, facts),
            "details": lambda: self._details(facts, families, done),
        }
        if not waits:
            details = asked["details"]()
            asked["details"] = lambda: details
            self._memory.think_ahead("model", "experiments", facts, CATALOGUE, key, **asked)
            if not self._memory.thought("model", "experiments", key):
                return False
        operations = self._memory.plan("model", "experiments", facts, CATALOGUE, key, **asked)
        return self._keep(key, facts["trials"], operations)

    def candidate(self, number: int) -> Candidate | None:
        """The candidate that was proposed for this place in the search."""
        for done in self._rounds():
            if done["at"] <= number < done["at"] + len(done["candidates"]):
                return Candidate(**done["candidates"][number - done["at"]])
        return None

    def _due(self, facts: Mapping[str, Any], done: Sequence[Mapping[str, Any]]) -> bool:
        settings, trials = self._memory.settings_of("model"), facts["trials"]
        if facts["usable"] < 3 or (not facts["by_number"] and facts["seconds_left"] < LEAST_LEFT_S):
            return False
        if not done:
            return bool(trials >= min(settings["experiments_first"], facts["portfolio"]))
        last = done[-1]
        if last["over"] or trials < last["at"] + len(last["candidates"]) + settings["experiments_every"]:
            return False
        return self._any_gain(done)

    def _any_gain(self, done: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the last two rounds brought anything; where they did not, it is said once and the asking ends."""
        if len(done) < 2 or any(self._gained(d) for d in done[-2:]):
            return True
        if not self._memory.journal.events("no_progress"):
            self._memory.say("no_progress", "two rounds of proposals brought no gain; the search goes on alone")
        return False

    def _gained(self, one: Mapping[str, Any]) -> bool:
        trials = self._memory.journal.trials()
        before = max(map(_score, trials[: one["at"]]), default=-math.inf)
        return any(_score(t) > before for t in trials[one["at"] : one["at"] + len(one["candidates"])])

    def _keep(self, key: str, at: int, operations: Sequence[Operation]) -> bool:
        """Journals what was decided. True when the search is to stop."""
        by = self._memory.brain.name
        candidates = [
            {"family": o.args["family"], "params": o.args.get("params") or {}, "origin": by, "share": 0.2}
            for o in operations
            if o.do == "try"
        ]
        over = any(o.do == "stop" for o in operations)
        self._memory.step(key, "model", lambda: ({"at": at, "candidates": candidates, "over": over}, []))
        return over

    def _rounds(self) -> list[dict[str, Any]]:
        journal = self._memory.journal
        keys = sorted((k for k, *_ in journal.steps() if k.startswith(STEP)), key=lambda k: int(k[len(STEP) :]))
        return [step["result"] for k in keys if (step := journal.step(k)) is not None]

    def _checking(self, families: Sequence[str], facts: Mapping[str, Any]) -> Callable[[Sequence[Operation]], None]:
        offers, since, patience = (
            self._offers(families),
            facts["since_gain"],
            self._memory.settings_of("model")["patience"],
        )
        tried = [t.candidate for t in self._memory.journal.trials()]

        def check(operations: Sequence[Operation]) -> None:
            tries = [o for o in operations if o.do == "try"]
            if len({o.do for o in operations}) > 1:
                raise InvalidAnswer("propose candidates with try, or leave it to the search, or stop; not several")
            if len(tries) > MOST_PROPOSALS:
                raise InvalidAnswer(f"at most {MOST_PROPOSALS} candidates at a time")
            for operation in tries:
                check_candidate(operation, offers, self._interpretable)
            if tries and len(fresh(tries, tried)) < len(tries):
                raise InvalidAnswer("a candidate was tried already or is proposed twice; propose only new ones")
            if any(o.do == "stop" for o in operations) and since < patience / 3:
                raise InvalidAnswer(f"the last gain was only {since} trials ago; go on with the time that is left")

        return check

    def _details(
        self, facts: Mapping[str, Any], families: Sequence[str], done: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        journal = self._memory.journal
        trials = journal.trials()
        minimize = journal.meta("direction") == "minimize"
        ranked = sorted(trials, key=lambda t: (t.score is None, -(t.score or 0.0)))[:SHOWN_TRIALS]
        best: list[Any] = []
        for t in trials:
            if _score(t) > (best[-1]["score"] if best else -math.inf):
                best.append({"trial": t.index, "score": t.score})
        offers = self._offers(families)
        return {
            "metric": journal.meta("metric"),
            "lower_is_better": minimize,
            "leaderboard": [_trial_facts(t, minimize) for t in ranked],
            "curve": [{"trial": b["trial"], "score": -b["score"] if minimize else b["score"]} for b in best],
            "spaces": {n: dict(offers[n]["space"]) for n in families if offers[n]["suits"] and offers[n]["space"]},
            "earlier": [{"at": d["at"], "proposed": len(d["candidates"]), "gain": self._gained(d)} for d in done],
            "limits": [r.words for r in self._memory.task.requirements],
            "most": MOST_PROPOSALS,
        }


def _score(trial: TrialResult) -> float:
    """The score on all folds, minus infinity where there is none; one fold says too little to be compared."""
    return trial.score if trial.score is not None and len(trial.fold_scores) > 1 else -math.inf


def _trial_facts(trial: TrialResult, minimize: bool) -> dict[str, Any]:
    folds = trial.fold_scores
    return {
        "trial": trial.index,
        "family": trial.candidate.family,
        "params": trial.candidate.params,
        "score": None if trial.score is None else -trial.score if minimize else trial.score,
        "folds": len(folds),
        "fold_spread": max(folds) - min(folds) if folds else None,
        "seconds": trial.seconds,
        "size_mb": trial.size_mb,
        "status": trial.status,
    }
