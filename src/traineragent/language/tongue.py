"""Tells the language of a request by script and by its frequent short words. Knows nothing else of languages."""

from __future__ import annotations

import re

from ..knowledge.lexicons import lexicon
from .words import Text

_OWN = 0.5  # share of words of its own, beside those of the main language, that a language beside it has
_SCRIPTS = (("ja", "\u3040-\u30ff"), ("ko", "\uac00-\ud7af"), ("hi", "\u0900-\u097f"), ("zh", "\u3400-\u9fff"))


def languages_of(text: Text) -> tuple[str, ...]:
    """The languages found, most likely first, English always included.

    A request in one script may name columns in another, so a script counts by its share of the letters."""
    plain = text.plain
    letters = len(re.findall(r"[^\W\d_]", plain)) or 1
    scripts = {name: len(re.findall(f"[{span}]", plain)) for name, span in _SCRIPTS}
    if scripts["ja"] > 2:
        scripts["ja"] += scripts.pop("zh")
    main = max(scripts, key=lambda name: scripts[name])
    latin = _latin(plain, foreign=bool(re.search("[\u00c0-\u024f]", text.raw)))
    if scripts[main] * 3 > letters:  # such a character carries about as much as three Latin letters
        others = [name for name in scripts if name != main and scripts[name] > 3]
        return tuple(dict.fromkeys([main, *others, "en"]))
    found = [*latin, *(name for name, n in scripts.items() if n)]
    return tuple(dict.fromkeys([*found, "en"]))


def _latin(plain: str, foreign: bool) -> list[str]:
    """`foreign`: letters that English does without occur, so it does not win a draw."""
    words = re.findall(r"[a-z']+", plain)
    known = _short_words()
    counts = {name: sum(w in short for w in words) for name, short in known.items()}
    best = max(counts, key=lambda name: (counts[name], (name == "en") != foreign))
    if not counts[best] or best == "en":
        return ["en"]
    others = sorted((n for n in counts if n not in (best, "en")), key=lambda n: -counts[n])
    near = [n for n in others[:2] if counts[n] >= 0.5 * counts[best]]
    return [best, *(n for n in near if _stands_alone(words, known[n], known[best]))]


def _stands_alone(words: list[str], short: frozenset[str], main: frozenset[str]) -> bool:
    """Whether a language is more than like its neighbour: Spanish and Portuguese share half their short words."""
    return sum(w in short - main for w in words) >= _OWN * sum(w in main - short for w in words)


def _short_words() -> dict[str, frozenset[str]]:
    return {name: frozenset(str(w) for w in words) for name, words in lexicon("languages").items()}
