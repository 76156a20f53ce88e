"""What the name of a column says by convention: that it holds the answer, that it numbers things, that it comes later.

Knows names only: no values and no requests.
"""

from __future__ import annotations

import re

from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from .phrases import matches_of_many
from .unit_words import unit_of

GENERIC = {
    "target": 6.0,
    "label": 2.5,
    "labels": 2.5,
    "class": 2.0,
    "y": 2.0,
    "outcome": 2.0,
    "result": 1.0,
    "response": 1.5,
    "tags": 1.5,
    "ziel": 2.5,
    "zielwert": 2.5,
    "cible": 2.5,
    "objetivo": 2.5,
    "etiqueta": 2.5,
    "标签": 2.5,
    "目标": 2.5,
    "category": 1.0,
    "choice": 2.0,
    "depvar": 3.0,
    "dependent": 2.5,
    "dependent variable": 3.0,
    "decision": 1.5,
    "answer": 1.5,
    "verdict": 1.5,
    "wahl": 1.5,
    "entscheidung": 1.5,
    "choix": 1.5,
    "eleccion": 1.5,
    "escolha": 1.5,
    "scelta": 1.5,
    "status": 0.5,
    "ner tags": 2.0,
    "bio": 1.0,
}
"""Names that by convention hold the answer, with what that is worth as evidence."""

PARTICIPLE = re.compile(r"\b(?:\w{3,}ed|won|lost|sold|paid|kept|left|broken|stolen|bought|sent|read|repaid|met|hit)$")
FLAG_NAME = re.compile(r"^(?:is|has|will|was|did|had|ist|hat|est|es)\b|\b(?:flag|yn|ind)$|^是否|^有无|かどうか$|여부$")
ID_NAME = re.compile(
    r"\b(?:id|uuid|guid|key|no|nr|nro|number|code|index|sku|matricul[ea]|bib|folio|legajo|dossier|mrn|ssn|iban|vin)$|"
    r"[a-z]{2}nr$|(?:号|编号|番号)$"
)
REFERENCE_NAME = re.compile(r"\b(?:ref|reference|serial|docket|referenz|aktenzeichen|referencia)$")
"""Ends of names of columns of codes that things are filed under."""
THING_NAME = re.compile(r"\b(?:name|names|tag|nummer|nombre|nom|nome|bezeichnung|plate|label id)$|(?:名称|名字|姓名)$")
"""Ends of names of columns that say which thing or person a row is about."""
AHEAD = re.compile(r"\b(?:within|next|after)\b|\bin (?:\d|q\d|the|an?\b|next)")
WINDOW = re.compile(r"\b\d+ ?(?:d|m|h|w|y|min|days|months|weeks|hours)\b|\d+(?:d|m|h|w)$")
"""Spans of time in names: what happened in them is an answer; how much, as often what was before it."""
LATER = re.compile(
    r"\b(?:planned|expected|list|estimated|budget|initial|original|previous|prev|prior|last|past|old|avg|average|mean|"
    r"max|min|std|n|num of)\b"
)


def known_before(name: str) -> bool:
    """Whether a name, as words, says that its values are there before the answer: planned, expected, of last time."""
    return bool(matches_of_many(_listed("beforehand"), name))


def at_stage(name: str, stage: str) -> bool:
    """Whether a name, as words, says that its values are of the "first" or the "last" stage: at birth, in the end."""
    return bool(matches_of_many(_listed("stages", stage), name))


def circumstance(name: str) -> bool:
    """Whether a name, as words, says what a row is told of or under: where, when, of whom, by which machine. The unit
    that it ends in tells nothing: "skip_wk", "P_kW"."""
    *before, last = name.split() or [""]
    bare = " ".join(before) if before and unit_of(last) else name
    return bool(matches_of_many(_circumstances(), bare))


@once_per_overlay
def _listed(book: str, key: str = "") -> tuple[str, ...]:
    lists = [lexicon(book)[key]] if key else lexicon(book).values()
    return tuple(str(phrase) for listed in lists for phrase in listed)


@once_per_overlay
def _circumstances() -> tuple[str, ...]:
    given = (str(p) for c in lexicon("concepts").values() if c.get("given") for p in c["column"])
    return (*_listed("circumstances"), *given)
