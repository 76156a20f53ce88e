"""What people predict, as they say it and as columns are called (`lexicon/concepts`), as evidence that a column is
meant: "which customers will leave" finds Churn.

Knows ideas and names; nothing of values.
"""

from __future__ import annotations

import re

from ..domain.data import ColumnProfile
from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .abbreviations import LEAST_WORD, cut_from, short_for
from .answers import holds_text
from .columns import Columns, Regions, written_out
from .conventions import FLAG_NAME, GENERIC, PARTICIPLE
from .dimensions import kind_of_unit
from .evidence import Evidence
from .phrases import matches, matches_of_many
from .spelled import REACHED
from .unit_words import units_asked
from .words import name_tokens

COUNT = "count"  # the concept that any "how many" speaks of
_OF_AMOUNT = {"flag": 0.4, None: 0.7, "amount": 1.0, "choice": 1.0}
"""What of its weight an idea of an amount keeps by the kind of answer wanted: "milking data, which cows are ill"."""
_GLUED = 9  # letters of a name that may be several words written as one
_ENDING = 5  # letters of the last of them


def implied(columns: Columns, regions: Regions) -> str | None:
    """The kind of answer that the ideas spoken of have, where the words show none: "policies that get cancelled". What
    a column of texts is called says what is judged: "complaints, one of four desks"."""
    texts = [columns.names[c.name] for c in columns.columns if holds_text(c)]
    goal = [c for c, weight in regions.concepts.items() if weight >= 1]
    said = [c for c in goal if not any(matches(called(c), t) for t in texts)]
    kinds = {lexicon("concepts")[c]["kind"] for c in said}
    if "flag" in kinds and "amount" not in kinds:
        return "flag"
    if columns.reading.said("wishes", "maybe_choice"):
        return "amount" if "amount" in kinds else "choice"
    return None


def by_concept(evidence: Evidence, columns: Columns, regions: Regions, wish: str | None) -> None:
    """Same idea, other word: a concept that is said and that the column's name also expresses."""
    if holds_text(evidence.column):
        return  # what texts are called says what is judged
    name, ways = columns.names[evidence.column.name], columns.ways(evidence.column.name)
    best, why = 0.0, ""
    for concept, book in regions.concepts.items():
        found = [m for way in ways for m in matches_of_many(called(concept), way)] if book > 0 else []
        if concept == COUNT and units_asked(columns.reading):
            continue  # "how many km" asks for no count
        known = lexicon("concepts")[concept]
        unit = known.get("unit")
        if unit and (kind_of_unit(name, evidence.column) or unit) != unit:
            continue  # a length in metres is not how long it takes
        short = not found and book > 0 and _short_for(name, concept)
        if not found and not short and not (book > 0 and _ends_in(name, concept)):
            continue
        cover = max(len(m.group().split()) for m in found) / max(1, len(name.split())) if found else 0.5
        points = book * (2.0 + 1.5 * cover) * (_OF_AMOUNT[wish] if known["kind"] == "amount" else 1.0)
        if points > best:
            best, why = points, f"its name speaks of {concept.replace('_', ' ')}, as the request does"
    evidence.add(best, why, spoken=True)


@once_per_overlay
def called(concept: str) -> tuple[str, ...]:
    """How columns of a concept are called: as listed, and by the single words that name it in a request."""
    known = lexicon("concepts")[concept]
    said = (str(p) for phrases in known["said"].values() for p in phrases)
    return (*map(str, known["column"]), *(p for p in said if re.fullmatch(r"[a-z]{4,}\*?|[^\W\d_]{2,}", p)))


def _ends_in(name: str, concept: str) -> bool:
    """Whether a name of one long word ends in what columns of the concept are called: "marketvalue", "kaltmiete"."""
    ends = tuple(w.rstrip("*") for w in called(concept) if re.fullmatch(rf"[a-z]{{{_ENDING},}}\*?", w))
    return len(name) >= _GLUED and name.isalpha() and name.endswith(ends)


def _short_for(name: str, concept: str) -> bool:
    """Whether a piece of a name is short for a word of the idea: "nshw" for no-shows, "readm30" for readmission."""
    tokens = [t for t in name.split() if t.isascii() and len(t) >= LEAST_WORD and not written_out(t)]
    single, joined = _words_of(concept)
    return any(cut_from(t, w) for t in tokens for w in single) or any(short_for(t, w) for t in tokens for w in joined)


@once_per_overlay
def _words_of(concept: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Single words of an idea in any language, and words that names write as one: no show, past due."""
    known = lexicon("concepts")[concept]
    said = {str(p).rstrip("*") for phrases in (known["column"], *known["said"].values()) for p in phrases}
    single = (p for p in said if re.fullmatch(rf"[a-z]{{{_ENDING},}}", p))
    joined = (re.sub("[ -]", "", p) for p in said if re.fullmatch(r"[a-z]+[ -][a-z]+", p))
    return tuple(single), tuple(joined)


def units_of_ideas(regions: Regions) -> dict[str, float]:
    """Kind of unit -> weight of the idea spoken of that is told in it: "how long" in times."""
    units = ((lexicon("concepts")[c].get("unit"), weight) for c, weight in regions.concepts.items())
    return {unit: weight for unit, weight in units if unit and weight >= REACHED}


@once_per_overlay
def outcome_names(kind: str) -> tuple[str, ...]:
    concepts = (c for c in lexicon("concepts").values() if c["kind"] == kind and not c.get("given"))
    return tuple(str(p) for c in concepts for p in c["column"] if p not in GENERIC)


def is_event(column: ColumnProfile) -> bool:
    """Whether a column is called after something that happens or does not: "passed", "is_late", "repaid"."""
    name = " ".join(name_tokens(column.name))
    return bool(FLAG_NAME.search(name) or PARTICIPLE.search(name) or matches_of_many(event_names(), name))


@once_per_overlay
def event_names() -> tuple[str, ...]:
    concepts = lexicon("concepts").values()
    return tuple(p for c in concepts if c["kind"] == "flag" for p in c["column"] if p not in GENERIC)
