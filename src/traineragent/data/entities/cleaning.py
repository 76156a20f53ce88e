"""Annotated texts made ready: labels spelled one way, copies told, annotations that contradict one another listed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from traineragent.data.entities.marked import Marked, Span
from traineragent.data.sources import shown

LEAST_SEEN = 4
LISTED = 25
_SPACE = re.compile(r"\s+")


def one_spelling(texts: Sequence[Marked]) -> tuple[list[Marked], list[str]]:
    """Labels that differ in case, spaces or dashes only take their most frequent spelling; notes say which."""
    counts = Counter(span.label for t in texts for span in t.spans)
    groups: dict[str, list[str]] = defaultdict(list)
    for label in counts:
        groups[re.sub(r"[\s_-]+", "_", label.casefold())].append(label)
    renamed: dict[str, str] = {}
    notes = []
    for spellings in groups.values():
        if len(spellings) > 1:
            best = max(spellings, key=lambda s: (counts[s], s))
            others = sorted(set(spellings) - {best})
            renamed.update(dict.fromkeys(others, best))
            said = ", ".join(f"{shown(o)!r} ({counts[o]:,})" for o in others)
            notes.append(f"the label {shown(best)!r} was also written {said}; they count as one")
    if not renamed:
        return list(texts), notes
    return [
        replace(t, spans=tuple(Span(renamed.get(s.label, s.label), s.start, s.end) for s in t.spans)) for t in texts
    ], notes


def copies(texts: Sequence[Marked]) -> npt.NDArray[np.int64]:
    """The same number for texts that differ in case and spaces only, shape (texts,)."""
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(_SPACE.sub("", t.text).casefold(), len(numbers)) for t in texts], dtype=np.int64
    )


def contradictions(texts: Sequence[Marked]) -> list[dict[str, Any]]:
    """Wordings that are marked here and left unmarked there: most frequent first.

    [{"text", "marked": {label: times}, "unmarked": times}]. Wordings that are seldom marked are left out, as the same
    word may well be a name here and none there; which of several labels one has depends on the sentence."""
    marked: dict[str, Counter[str]] = defaultdict(Counter)
    for t in texts:
        for s in t.spans:
            marked[t.text[s.start : s.end]][s.label] += 1
    often = {
        w: c for w, c in marked.items() if len(w) > 1 and not w.isnumeric() and sum(c.values()) >= 0.4 * LEAST_SEEN
    }
    seen = _occurrences(texts, often)
    found: list[tuple[int, dict[str, Any]]] = []
    for wording, labels in often.items():
        times = sum(labels.values())
        unmarked = seen[wording] - times
        if seen[wording] >= LEAST_SEEN and 0.1 * seen[wording] <= unmarked <= 0.6 * seen[wording]:
            said = {"text": wording, "marked": dict(labels.most_common()), "unmarked": unmarked}
            found.append((min(times, unmarked), said))
    return [said for _, said in sorted(found, key=lambda f: -f[0])][:LISTED]


def _occurrences(texts: Sequence[Marked], wordings: dict[str, Counter[str]]) -> Counter[str]:
    """How often each wording stands in the texts as whole words."""
    longest = max((len(w.split()) for w in wordings), default=0)
    seen: Counter[str] = Counter()
    for t in texts:
        words = t.text.split()
        for size in range(1, min(longest, 6) + 1):
            for start in range(len(words) - size + 1):
                wording = " ".join(words[start : start + size])
                if wording in wordings:
                    seen[wording] += 1
    return seen


def disputed_copies(texts: Sequence[Marked], same: npt.NDArray[np.int64]) -> list[int]:
    """Lines of texts that stand there more than once with different annotations."""
    first: dict[int, tuple[tuple[str, str], ...]] = {}
    out = []
    for t, number in zip(texts, same.tolist(), strict=True):
        spans = tuple((s.label, t.text[s.start : s.end]) for s in t.spans)
        if first.setdefault(number, spans) != spans:
            out.append(t.line)
    return out
