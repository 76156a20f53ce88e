"""What words settle about mistakes: which is the worse one, what each costs, from which probability on to answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PREFER, COSTS, THRESHOLD = "prefer:", "costs:", "threshold:"
"""What constraint words begin with: prefer:recall, costs:200:10 (a missed case and a false alarm), threshold:0.3."""


@dataclass(frozen=True)
class Preference:
    """`mistake`: "recall" where a missed case is worse, "precision" where a false alarm is, "" where nothing is said.
    `threshold`: the probability from which a case is to be answered, where words settle it, and `why`. `costs`: of a
    missed case and of a false alarm, where they are told."""

    mistake: str = ""
    threshold: float | None = None
    why: str = ""
    costs: tuple[float, float] | None = None

    @staticmethod
    def of(constraints: Iterable[str]) -> Preference:
        """What the constraint words of a task say; a threshold outranks costs, and these outrank a mere preference."""
        said = {p: c.removeprefix(p) for c in constraints for p in (PREFER, COSTS, THRESHOLD) if c.startswith(p)}
        mistake = said.get(PREFER, "")
        costs = _costs(said[COSTS]) if COSTS in said else None
        if THRESHOLD in said:
            return Preference(mistake, float(said[THRESHOLD]), "as the words ask for it", costs)
        if costs is None:
            return Preference(mistake)
        miss, alarm = costs
        why = f"a missed case costs {miss:g} and a false alarm {alarm:g}, so an answer pays from there on"
        return Preference(mistake, alarm / (alarm + miss), why, costs)


def _costs(said: str) -> tuple[float, float]:
    miss, alarm = map(float, said.split(":"))
    return miss, alarm


def in_words(constraint: str) -> str | None:
    """A constraint word about mistakes for people; None for any other."""
    if constraint.startswith(COSTS):
        miss, alarm = _costs(constraint.removeprefix(COSTS))
        return f"a missed case costs {miss:g}, a false alarm {alarm:g}"
    if constraint.startswith(THRESHOLD):
        return f"answered from a probability of {constraint.removeprefix(THRESHOLD)} on"
    return None


def still_preferred(constraints: Iterable[str], new: Iterable[str]) -> tuple[str, ...]:
    """The earlier constraints, without what they say of mistakes where new ones say it anew."""
    kinds = (PREFER, COSTS, THRESHOLD)
    again = any(c.startswith(kinds) for c in new)
    return tuple(c for c in constraints if not (again and c.startswith(kinds)))
