"""Whether a share in the words only tells what a probability is to mean: "when it says 30 %, it should be 30 %".

Knows no limits; what follows from it is settled elsewhere.
"""

from __future__ import annotations

from .quantities import Quantity
from .reading import Reading


def explains_probability(reading: Reading, quantity: Quantity) -> bool:
    """Whether the same share stands twice in a sentence that speaks of what is said: it is no limit then."""
    start, end = reading.text.sentence_of(quantity.start)
    same = [q for q in reading.quantities if q.kind == "share" and q.value == quantity.value and start <= q.start < end]
    return len(same) > 1 and reading.said("service", "states", (start, same[-1].start))
