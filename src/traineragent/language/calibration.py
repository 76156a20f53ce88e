"""Whether a share in the words only tells what a probability is to mean: "when it says 30 %, it should be 30 %".

Knows no limits; what follows from it is settled elsewhere.
"""

from __future__ import annotations

import re

from .quantities import Quantity
from .reading import Reading

_QUOTED = re.compile(r"(?:(?<=[\s(:])|^)(?P<q>['\"])(?P<said>[^'\"]{3,40})(?P=q)(?=[\s).,;:!?]|$)")


def _is_an_example(reading: Reading, quantity: Quantity) -> bool:
    """Whether a share stands in quotation marks, as what is to be shown: "'hard: 80%' is what users see"."""
    quoted = _QUOTED.finditer(reading.text.plain)
    return any(m.start("said") <= quantity.start < m.end("said") for m in quoted)


def explains_probability(reading: Reading, quantity: Quantity) -> bool:
    """Whether the same share stands twice in a sentence that speaks of what is said: it is no limit then."""
    if _is_an_example(reading, quantity):
        return True
    start, end = reading.text.sentence_of(quantity.start)
    same = [q for q in reading.quantities if q.kind == "share" and q.value == quantity.value and start <= q.start < end]
    return len(same) > 1 and reading.said("service", "states", (start, same[-1].start))
