"""Names of tags, which may follow which, and what a path of tags marks. Schemes: "bio" and "bioes"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

OUTSIDE = "O"


def split_tag(tag: str) -> tuple[str, str]:
    """(prefix, label) of a tag; ("O", "") outside."""
    return ("O", "") if tag == OUTSIDE else (tag[0], tag[2:])


def follows(before: str, tag: str) -> bool:
    """Whether `tag` may come after `before`, both of one scheme."""
    prefix, label = split_tag(tag)
    open_, open_label = split_tag(before)
    goes_on = prefix in "IE" and prefix != "O"
    if goes_on:
        return open_ in "BI" and open_label == label
    return True


def permitted(tags: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(turns (tags, tags), first (tags,)): which tags may follow which, and which may begin a text."""
    turns = np.array([[follows(a, b) for b in tags] for a in tags], dtype=bool)
    return turns, np.array([split_tag(t)[0] not in "IE" for t in tags], dtype=bool)


def runs_of(path: Sequence[int], tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """(label, first token, token behind the last) of each run of tags that marks something."""
    out: list[tuple[str, int, int]] = []
    open_: list[Any] | None = None
    for place, number in enumerate(path):
        prefix, label = split_tag(tags[number])
        if prefix == "O":
            open_ = None
            continue
        if prefix in "BS" or open_ is None or open_[0] != label:
            open_ = [label, place, place + 1]
            out.append(open_)  # type: ignore[arg-type]
        else:
            open_[2] = place + 1
        if prefix in "ES":
            open_ = None
    return [(str(label), int(first), int(behind)) for label, first, behind in out]
