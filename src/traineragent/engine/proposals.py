"""Whether a candidate that somebody proposes can be tried: its family suits, its parameters lie in the family's space.

Knows nothing of who proposes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..domain.run import Candidate, Operation
from ..errors import InvalidAnswer

MOST_SHARE = 0.5


def check_candidate(operation: Operation, offers: Mapping[str, Mapping[str, Any]], interpretable: bool) -> None:
    """Raises InvalidAnswer in words. `offers` as `offers.offers` gives them."""
    family, params = operation.args["family"], operation.args.get("params") or {}
    offer = offers.get(family)
    if offer is None or not offer["suits"]:
        able = ", ".join(sorted(n for n, o in offers.items() if o["suits"]))
        raise InvalidAnswer(f"the family {family!r} does not suit this data; these do: {able}")
    if interpretable and not offer["card"]["interpretable"]:
        raise InvalidAnswer(f"an interpretable model was asked for, and {family!r} is none")
    share = operation.args.get("share")
    if share is not None and not 0 < share <= MOST_SHARE:
        raise InvalidAnswer(f"share is the part of the time a trial may take, above 0 and at most {MOST_SHARE}")
    for name, value in params.items():
        _check_value(family, name, value, offer["space"])


def _check_value(family: str, name: str, value: Any, space: Mapping[str, Sequence[Any]]) -> None:
    if name not in space:
        raise InvalidAnswer(f"{family} has no parameter {name!r} to set; it has {', '.join(space) or 'none'}")
    kind, *limits = space[name]
    if kind == "choice":
        if value not in limits:
            raise InvalidAnswer(f"{family}: {name} is one of {limits}, not {value!r}")
        return
    low, high = limits[0], limits[1]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidAnswer(f"{family}: {name} lies between {low} and {high}, got {str(value)[:40]}")
    if kind == "int" and int(value) != value:
        raise InvalidAnswer(f"{family}: {name} is a whole number, got {value}")


def fresh(operations: Iterable[Operation], tried: Iterable[Candidate]) -> list[Operation]:
    """Those that were not tried before, each once."""
    seen = {_key(c.family, c.params) for c in tried}
    out = []
    for operation in operations:
        key = _key(operation.args["family"], operation.args.get("params") or {})
        if key not in seen:
            seen.add(key)
            out.append(operation)
    return out


def _key(family: str, params: Mapping[str, Any]) -> tuple[str, str]:
    return family, str(sorted(params.items(), key=str))
