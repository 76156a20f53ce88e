"""Which families a search may try where words asked for a kind of model, or refused one. Knows no words: only the
constraints that they became.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..domain.run import Candidate
from ..domain.task import TaskSpec
from ..knowledge.lexicons import lexicon
from ..language.models import REFUSED, WANTED
from .memory import Memory

SHARE = 0.5  # of the budget that a family asked for may take at once
UNFIT = "model_unfit"  # the event that says that none of the families asked for can learn this


def families_of(task: TaskSpec, kind: str) -> tuple[str, ...]:
    """The families that the constraints of one kind name: `WANTED` or `REFUSED`."""
    kinds = lexicon("models")["kinds"]
    named = (c.removeprefix(kind) for c in task.constraints if c.startswith(kind))
    return tuple(dict.fromkeys(f for name in named if name in kinds for f in kinds[name]["families"]))


def allowed(memory: Memory, family: str) -> bool:
    """Whether the search may try a family. What answers without a model is always allowed, and where none of the
    families asked for can learn the task, all are."""
    task = memory.task
    if family in memory.line.last_resorts[-1:]:
        return True
    wanted = families_of(task, WANTED)
    if wanted and not memory.journal.events(UNFIT):
        return family in wanted
    return family not in families_of(task, REFUSED)


def require_fit(memory: Memory, suits: Callable[[str], bool]) -> None:
    """Looks whether a family asked for can learn the task under its constraints; says so where none can."""
    wanted = families_of(memory.task, WANTED)
    if wanted and not memory.journal.events(UNFIT) and not any(suits(f) for f in wanted):
        memory.say(UNFIT, _unfit_words(memory.task))


def asked_for(memory: Memory, chosen: Sequence[Candidate], suits: Callable[[str], bool]) -> list[Candidate]:
    """Candidates with usual settings, of the families asked for that the procedure did not think of."""
    if memory.journal.events(UNFIT):
        return []
    there = {c.family for c in chosen}
    return [Candidate(f, {}, share=SHARE) for f in families_of(memory.task, WANTED) if f not in there and suits(f)]


def _unfit_words(task: TaskSpec) -> str:
    kinds = lexicon("models")["kinds"]
    named = [kinds[c.removeprefix(WANTED)]["title"] for c in task.constraints if c.startswith(WANTED)]
    return f"{' or '.join(named)} was asked for, which cannot learn this kind of data here; others are tried"


def within(memory: Memory, candidates: Sequence[Candidate], why: Sequence[str]) -> tuple[list[Candidate], list[str]]:
    """The candidates that the words allow, with their reasons."""
    kept = [(c, w) for c, w in zip(candidates, why, strict=True) if allowed(memory, c.family)]
    return [c for c, _ in kept], [w for _, w in kept]
