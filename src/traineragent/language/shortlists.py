"""Shares told of a few guesses: "a shortlist of five, and the right one is on it 97 times in 100".

The guesses and what has to be among them may stand in two sentences. Knows no limits.
"""

from __future__ import annotations

from .metrics import is_top, top_name
from .quantities import Quantity
from .reading import Reading

MOST_GUESSES = 20  # more are a list of things, and no guesses of one


def among_guesses(reading: Reading) -> list[tuple[str, Quantity]]:
    """(metric, share) for shares of cases in which the answer is among so many guesses."""
    sentences = reading.text.sentences
    out = []
    for index, (start, end) in enumerate(sentences):
        told = reading.where("guesses", "among_them", (start, end))
        shares = [q for q in reading.quantities if q.kind == "share" and start <= q.start < end]
        if not told or not shares:
            continue
        share = min(shares, key=lambda q: min(max(a - q.end, q.start - b, 0) for a, b in told))
        before = (sentences[max(0, index - 1)][0], end)
        guesses = [
            span for span in reading.where("guesses", "so_many", before) if not share.start <= span[0] < share.end
        ]
        name = top_name(reading, guesses[-1]) if guesses else "accuracy"
        if is_top(name) and int("".join(c for c in name if c.isdigit())) <= MOST_GUESSES:
            out.append((name, share))
    return out
