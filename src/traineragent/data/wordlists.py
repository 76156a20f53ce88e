"""Words that say what a column or a class is: yes and no, currencies, names of ids, times and entities.

They stand in the lexicon `cells.yaml`, so that a folder of the user's own may add some. Content decides first; these
words settle what content leaves open. It knows nothing of tables.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from ..knowledge.force import once_per_overlay
from ..knowledge.lexicons import lexicon
from ..serve.values import tokens


def fold_words(name: str) -> str:
    """A name in lower case without accents, its words parted by one space."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return " ".join(tokens("".join(c for c in plain if not unicodedata.combining(c)).replace("_", " ")))


def name_words(name: str) -> frozenset[str]:
    """The words in a column name: "customerID" -> {"customer", "id"}."""
    spaced = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).replace("_", " ")
    return frozenset(tokens(spaced))


@once_per_overlay
def words_of(kind: str) -> frozenset[str]:
    """All words of one kind: "ids", "times", "years", "entities", "currencies", "multipliers", "happened", …"""
    return frozenset(lexicon("cells")[kind])


@once_per_overlay
def answers(kind: str) -> tuple[str, ...]:
    """Words for "yes" or for "no" in any language, the plain ones first."""
    listed = lexicon("cells")[kind]
    return (*listed["plain"], *listed["more"])


@once_per_overlay
def plain_answers(kind: str) -> tuple[str, ...]:
    """Words for "yes" or for "no" that mean nothing else in any table."""
    return tuple(lexicon("cells")[kind]["plain"])


@once_per_overlay
def answer_pairs() -> tuple[tuple[str, str], ...]:
    """A word for yes with its word for no."""
    return tuple((yes, no) for yes, no in lexicon("cells")["pairs"])


def currency_signs() -> Mapping[str, str]:
    """A way to write a currency -> its sign."""
    signs: Mapping[str, str] = lexicon("cells")["signs"]
    return signs
