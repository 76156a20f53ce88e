"""What phrases of a data set are made of: the words that name things, and all words that are frequent enough.

The lexicon of places says which words are of place; the phrases themselves say all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...knowledge.lexicons import lexicon
from ...serve.codecs.prompts import folded
from ...serve.grounding.phrases import PhraseReader

FEWEST = 2  # phrases that a word must stand in to be learned
FEWEST_SIZES = 5  # that a plain size must stand in to be a word of things
MOST_WORDS = 4000
PAIRS = (("left", "right"),)  # what a flip swaps


def places() -> dict[str, Any]:
    """The lexicon of places with the words of all languages in one list, as a bundle carries it."""
    return {key: _flat(value) for key, value in lexicon("places").items()}


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return [str(v) for v in value]
    if all(isinstance(v, list) for v in value.values()):
        return list(dict.fromkeys(str(w) for words in value.values() for w in words))
    return {k: _flat(v) for k, v in value.items()}


def reading_of(phrases: Sequence[str]) -> dict[str, Any]:
    """What a reader of such phrases must know: places, the words of things, and other words for these."""
    lexical = places()
    naive = PhraseReader(lexical)
    counts: Counter[str] = Counter()
    for phrase in phrases:
        thing = naive.read(phrase)
        counts.update({w for query in thing.queries() for w in query})
    sizes = {w for words in lexical["sizes"].values() for text in words for w in folded(text)}
    least = min(FEWEST, max(1, len(phrases) // 20))
    known = [w for w, n in counts.most_common(MOST_WORDS) if n >= (FEWEST_SIZES if w in sizes else least)]
    return {"places": lexical, "known": known, "said": _sayings(known)}


def _sayings(known: Sequence[str]) -> dict[str, str]:
    """Other single words for the known ones, from the lexicon of names, unless they are known themselves."""
    out: dict[str, str] = {}
    for group in lexicon("names")["same"]:
        words = [folded(str(w)) for w in group]
        mine = [w[0] for w in words if len(w) == 1 and w[0] in known]
        if mine:
            out |= {w[0]: mine[0] for w in words if len(w) == 1 and w[0] not in known}
    return out


def learned_words(phrases: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """All words that stand in enough phrases, those of things first."""
    counts = Counter(w for p in phrases for w in set(folded(p)))
    return tuple(dict.fromkeys([*known, *(w for w, n in counts.most_common(MOST_WORDS) if n >= FEWEST)]))


def mirrored(lexical: Mapping[str, Any]) -> dict[str, str]:
    """Word -> the word for the other side, for phrases of a picture that is flipped."""
    ends = lexicon("places")["ends"]
    out: dict[str, str] = {}
    for one, other in PAIRS:
        for language, words in ends[one].items():
            for a, b in zip(words, ends[other].get(language, ()), strict=False):
                out |= {folded(a)[0]: folded(b)[0], folded(b)[0]: folded(a)[0]}
    return out
