"""The values that a column holds, as evidence that it is meant: said themselves, told apart, or speaking of the event
asked for.

Knows values and the ideas of the lexicon; nothing of what columns are called beyond that.
"""

from __future__ import annotations

import re

from ..domain.data import ColumnProfile
from ..knowledge.lexicons import lexicon
from .alternatives import becomes, listed, opposed, says, told_apart
from .answers import numbered
from .columns import COMMON, Columns, Regions
from .conventions import GENERIC
from .evidence import Evidence
from .metrics import find_metrics
from .phrases import matches
from .reading import Reading
from .words import fold, name_tokens, stem

FEWEST_MEMBERS = 2  # values that show of which kind they are
MOST_STATES = 12  # values of a column that says how things are
_OF_THE = (
    r"\b(?:for|of|on|among|fur|bei|von|pour|chez|para|en|em|de)\s+"
    r"(?:(?:the|class|die|der|den|klasse|les|la|los|las|os|as|classe|clase)\s+)*"
)
"""What stands between a metric and the class it is told of."""


def by_values(evidence: Evidence, columns: Columns, regions: Regions) -> None:
    """Its values are spoken of: "spam or ham", "positive (1)", "more than 50K"."""
    column, reading = evidence.column, columns.reading
    if column.meaning in ("id", "date", "text", "number", "constant", "empty") or column.distinct > 60:
        return
    plain = reading.text.plain
    said = [
        v
        for v, _ in column.top
        if len(v) > 1 and not re.fullmatch(r"[\d.,]+", v) and fold(v).strip() not in COMMON and says(plain, v)
    ]
    if len(said) == column.distinct > 2:
        evidence.add(6.5, "the request speaks of all its values", spoken=True)
    elif said:
        evidence.add(
            min(3.0, 1.2 * len(said)) if column.distinct <= 2 * len(said) + 1 else 0.6 * min(len(said), 3),
            "the request speaks of its values " + ", ".join(said[:4]),
        )
        if any(becomes(plain, v) for v in said):
            evidence.add(1.5, "the request asks whether it comes to such a value", spoken=True)
    elif words := _words_of_values(column, columns, regions):
        evidence.add(1.0, f"its values speak of {', '.join(words)}, as the request does", spoken=True)
    if column.meaning == "category" and column.distinct == listed(reading) and not numbered(column):
        evidence.add(1.2, "it has as many values as the request tells apart")
    if told := told_apart(said, plain):
        evidence.add(2.5, f"the request tells its values {told[0]} and {told[1]} apart", spoken=True)
    if pair := opposed(column, reading):
        evidence.add(4.0, f"its values {pair[0]} and {pair[1]} stand for what the request tells apart", spoken=True)
    coded = [
        v
        for v, _ in column.top
        if re.search(rf"(?<![\w.]){re.escape(fold(v))}\s*=\s*\w|\(\s*{re.escape(fold(v))}\s*\)", plain)
    ]
    if coded and len(coded) >= min(2, column.distinct):
        evidence.add(1.5, "the request explains its codes " + ", ".join(coded[:4]))
    held = reading.where("rows", "held")  # "keep 30 % for testing" tells of no class
    for q in reading.quantities:
        if any(a <= q.start < b for a, b in held):
            continue
        if q.kind == "share" and column.distinct == 2 and len(column.top) == 2:
            total = column.top[0][1] + column.top[1][1]
            if total and abs(column.top[1][1] / total - q.value) < 0.12 * q.value:
                evidence.add(0.8, f"its rarer value has the share that was named ({q.value:.0%})")


def by_concept_of_values(evidence: Evidence, regions: Regions) -> None:
    """Values that name the event asked for, or its absence: a column of "ok" and "failed" where things are to fail."""
    column = evidence.column
    if column.meaning not in ("category", "boolean") or not 2 <= column.distinct <= MOST_STATES:
        return
    states = [" ".join(name_tokens(v)) for v, _ in column.top]
    for concept, book in regions.concepts.items():
        known = lexicon("concepts")[concept]
        if book <= 0 or known["kind"] != "flag":
            continue
        said = [*map(str, known["column"]), *(p for ps in known["said"].values() for p in map(str, ps))]
        named = [v for v in states if matches([p for p in said if p not in GENERIC], v)]
        if named and len(named) < len(states):
            evidence.add(2.2 * book, f"its value {named[0]!r} speaks of {concept.replace('_', ' ')}", spoken=True)
            return


def by_kind_of_values(evidence: Evidence, columns: Columns, regions: Regions) -> None:
    """Its values are of the kind that is asked for: granite and schist, where it is asked what rock it is."""
    column = evidence.column
    if column.meaning != "category" or column.distinct < 2:
        return
    values = [fold(v).strip() for v, _ in column.top[:MOST_STATES]]
    for kind, known in lexicon("members").items():
        begun = tuple(map(str, known["members"]))
        if sum(v.startswith(begun) for v in values) < max(FEWEST_MEMBERS, len(values) / 3):
            continue
        if any(regions.weight(m.start()) >= 1 for m in matches(known["said"], columns.reading.text.plain)):
            evidence.add(2.5, f"its values are of the kind that is asked for: {kind.replace('_', ' ')}", spoken=True)
            return


def _words_of_values(column: ColumnProfile, columns: Columns, regions: Regions) -> list[str]:
    """Words of the goal that stand in values of several words, and in no column's name: "married" where a column holds
    "Married-civ-spouse"."""
    values = [name_tokens(v) for v, _ in column.top]
    held = {stem(t) for tokens in values if len(tokens) > 1 for t in tokens if len(t) > 3}
    if not held or column.distinct > MOST_STATES:
        return []
    named = {stem(t) for t in columns.pieces}
    goal = (w for w, start, _ in columns.reading.text.tokens if len(w) > 3 and regions.weight(start) >= 1)
    return sorted({w for w in goal if stem(w) in held - named})


def by_judged_value(evidence: Evidence, reading: Reading) -> None:
    """A metric is asked for on one of its values: "average precision for the tainted ones", "recall of class B"."""
    if evidence.column.meaning not in ("category", "boolean") or not 2 <= evidence.column.distinct <= MOST_STATES:
        return
    labels = [(v, label) for v, _ in evidence.column.top if (label := fold(v).strip()) in reading.text.plain]
    told = [(v, label) for v, label in labels if len(label) > 1 and not label.isdigit() and label not in COMMON]
    sentences = {reading.text.sentence_of(n.start) for n in find_metrics(reading)} if told else ()
    for value, label in told:
        pattern = re.compile(rf"{_OF_THE}{re.escape(label)}\w{{0,2}}(?!\w)")
        if any(pattern.search(reading.text.plain, *span) for span in sentences):
            evidence.add(3.0, f"a metric is asked for on its value {value!r}", spoken=True)
            return
